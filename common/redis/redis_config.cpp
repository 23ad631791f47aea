#include "redis_config.h"

#include <fmt/format.h>

#include "airflow_connection.h"
#include "flags.h"
#include "parse_number.h"

namespace steamflow {
namespace {

const ConnectionKind kKind{
    .name = "Redis", .flag = "--redis-url", .example = "redis://host:6379/0"};

int ParseDb(const std::string& text, const std::string& source, ExitCode code) {
  const auto db = ParseNumber<int>(text);
  if (!db || *db < 0) {
    throw TaskError(code, fmt::format("{}: '{}' is not a database number", source, text));
  }
  return *db;
}

RedisSettings SettingsOf(const ConnectionSetting& setting) {
  const auto& [connection, source, code] = setting;
  if (connection.type != "redis" && connection.type != "rediss") {
    throw TaskError(code, fmt::format("{}: '{}' is not a Redis connection (redis:// or rediss://)",
                                      source, connection.type));
  }
  RedisSettings settings;
  if (connection.host.empty()) {
    throw TaskError(code, source + ": it names no host (redis://host:6379/0)");
  }
  settings.host = connection.host;
  settings.port = connection.port.value_or(6379);
  settings.user = connection.login;
  settings.password = connection.password;
  const JsonField* ssl = connection.Extra("ssl");
  settings.tls = connection.type == "rediss" ||
                 (ssl && (ssl->value == "true" || ssl->value == "True" || ssl->value == "1"));
  const JsonField* db = connection.Extra("db");
  if (db && db->type != JsonField::Type::kNull && !db->value.empty()) {
    settings.db = ParseDb(db->value, source, code);
  } else if (!connection.schema.empty()) {
    settings.db = ParseDb(connection.schema, source, code);
  }
#ifndef STEAMFLOW_REDIS_TLS
  if (settings.tls) {
    throw TaskError(code,
                    source + ": this build's hiredis has no TLS (hiredis 1.0 or later has it)");
  }
#endif
  return settings;
}

}  // namespace

void RedisFlags::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Redis");
  own.Add("--redis-url", url, "redis://host:port/db, without a password").Format("uri");
  own.Add("--redis-conn-id", conn_id, "Airflow Connection of Redis")
      .Environment(ConnectionVariable(conn_id));
}

void RedisFlags::Check(Log& log) const {
  if (!url.empty()) ReadRedisSettings(*this, log);
}

RedisSettings ReadRedisSettings(const RedisFlags& flags, Log& log) {
  return SettingsOf(ReadConnection(kKind, flags.url, flags.conn_id, log));
}

}  // namespace steamflow
