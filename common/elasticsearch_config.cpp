#include "elasticsearch_config.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "connection.h"
#include "web_url.h"

namespace steamflow {
namespace {

constexpr int kDefaultPort = 9200;
constexpr char kExample[] = "http://localhost:9200";

struct Origin {
  std::string name;  // of the flag or variable
  ExitCode code;
};

bool IsHttp(std::string_view text) {
  return text == "http" || text == "https";
}

// The protocol that the connection names, empty where it names none. Airflow has several places for
// it, and the schema says it last.
std::string Protocol(const Connection& connection, const Origin& origin) {
  if (!IsHttp(connection.type) && connection.type != "elasticsearch" &&
      connection.type != "opensearch") {
    throw TaskError(origin.code,
                    fmt::format("{}: '{}' is not an Elasticsearch connection (elasticsearch://, "
                                "http:// or https://)",
                                origin.name, connection.type));
  }
  if (!connection.schema.empty()) {
    if (IsHttp(connection.schema)) return connection.schema;
    throw TaskError(origin.code, fmt::format("{}: the schema (the path of the URI) is http or "
                                             "https, not '{}'",
                                             origin.name, connection.schema));
  }
  const auto in_host = connection.host.find("://");
  if (in_host != std::string::npos) return connection.host.substr(0, in_host);
  return IsHttp(connection.type) ? connection.type : "";
}

RestServer FromConnection(const Connection& connection, const Origin& origin, bool allow_http) {
  std::string protocol = Protocol(connection, origin);
  const auto in_host = connection.host.find("://");
  std::string host =
      in_host == std::string::npos ? connection.host : connection.host.substr(in_host + 3);
  if (host.empty()) {
    throw TaskError(origin.code, fmt::format("{}: it names no host ({})", origin.name, kExample));
  }
  const auto colons = std::count(host.begin(), host.end(), ':');
  if (colons > 1 && !host.starts_with('[')) host = "[" + host + "]";
  if (protocol.empty()) protocol = IsOnLoopback("http://" + host) ? "http" : "https";

  RestServer server{
      .source = origin.name, .user = connection.login, .password = connection.password};
  std::string url = protocol + "://" + host;
  if (connection.port) {
    url += fmt::format(":{}", *connection.port);
  } else if (!IsHttp(connection.type) && colons != 1) {
    url += fmt::format(":{}", kDefaultPort);
  }
  server.url = CheckWebUrl({url, origin.name, origin.code}, allow_http, "the data", kExample);
  if (const JsonField* key = connection.Extra("api_key"); key && !key->value.empty()) {
    server.user.clear();
    server.password.clear();
    server.headers.push_back("Authorization: ApiKey " + key->value);
  }
  return server;
}

}  // namespace

void ElasticsearchFlags::AddTo(CLI::App& app) {
  const std::string group = "Elasticsearch";
  app.add_option("--elasticsearch-url", url, "Elasticsearch or OpenSearch, http://host:9200")
      ->group(group);
  app.add_option("--elasticsearch-conn-id", conn_id,
                 "Airflow Connection of Elasticsearch [env: AIRFLOW_CONN_<ID>]")
      ->capture_default_str()
      ->group(group);
  app.add_option("--index-prefix", index_prefix, "What the name of every index begins with")
      ->group(group);
}

RestServer ReadElasticsearchServer(const ElasticsearchFlags& flags, bool allow_http, Log& log) {
  if (!flags.url.empty()) {
    const std::string flag = "--elasticsearch-url";
    return FromConnection(ConnectionFromFlag(flag, flags.url), {flag, ExitCode::kUsage},
                          allow_http);
  }
  const std::string variable = ConnectionVariable(flags.conn_id);
  const auto connection = AirflowConnection(flags.conn_id);
  if (!connection) {
    throw TaskError(ExitCode::kConfig,
                    fmt::format("no Elasticsearch connection: set {} (elasticsearch://host:9200) "
                                "or give --elasticsearch-url",
                                variable));
  }
  for (const std::string& secret : Secrets(*connection)) log.AddSecret(secret);
  return FromConnection(*connection, {variable, ExitCode::kConfig}, allow_http);
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
                    fmt::format("--index-prefix: no index name can begin with '{}'; take up to 60 "
                                "of a-z 0-9 - _ . with a letter or digit first",
                                prefix));
  }
  return prefix;
}

}  // namespace steamflow
