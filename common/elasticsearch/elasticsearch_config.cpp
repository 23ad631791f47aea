#include "elasticsearch_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "airflow_connection.h"
#include "flags.h"
#include "rest_config.h"

namespace steamflow {
namespace {

const RestKind kKind{.connection = {.name = "Elasticsearch",
                                    .flag = "--elasticsearch-url",
                                    .example = "http://localhost:9200"},
                     .types = {"elasticsearch", "opensearch"},
                     .port = 9200,
                     .data = "the data"};

}  // namespace

void ElasticsearchFlags::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Elasticsearch");
  own.Add("--elasticsearch-url", url, "Elasticsearch or OpenSearch, http://host:9200")
      .Format("uri");
  own.Add("--elasticsearch-conn-id", conn_id, "Airflow Connection of Elasticsearch")
      .Environment(ConnectionVariable(conn_id));
  own.Add("--index-prefix", index_prefix, "Prefix of every index name");
}

RestServer ReadElasticsearchServer(const ElasticsearchFlags& flags, bool allow_http, Log& log) {
  const auto setting = ReadConnection(kKind.connection, flags.url, flags.conn_id, log);
  RestServer server = ServerOf(setting, kKind, allow_http);
  const JsonField* const key = setting.connection.Extra("api_key");
  if (key && !key->value.empty()) {
    server.user.clear();
    server.password.clear();
    server.headers.push_back("Authorization: ApiKey " + key->value);
  }
  return server;
}

std::string ReadIndexPrefix(const ElasticsearchFlags& flags) {
  const std::string& prefix = flags.index_prefix;
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  const bool begins_well = prefix.empty() || (prefix.front() >= 'a' && prefix.front() <= 'z') ||
                           (prefix.front() >= '0' && prefix.front() <= '9');
  if (!begins_well || prefix.size() > 60 || !std::all_of(prefix.begin(), prefix.end(), is_plain)) {
    throw TaskError(ExitCode::kUsage,
                    fmt::format("--index-prefix: no index name can begin with '{}'; use up to 60 "
                                "of the characters a-z 0-9 - _ . with a letter or digit first",
                                prefix));
  }
  return prefix;
}

}  // namespace steamflow
