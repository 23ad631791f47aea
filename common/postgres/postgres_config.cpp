#include "postgres_config.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>

#include "airflow_connection.h"
#include "flags.h"

namespace steamflow {
namespace {

const ConnectionKind kKind{.name = "PostgreSQL",
                           .flag = "--postgres-url",
                           .example = "postgres://user@host:5432/database"};

// Whether libpq has a parameter of this name.
bool IsParameter(const std::string& name) {
  PQconninfoOption* const options = PQconndefaults();
  bool found = false;
  for (auto* option = options; option && option->keyword; ++option) {
    found = found || name == option->keyword;
  }
  PQconninfoFree(options);
  return found;
}

// Extras of Airflow's PostgreSQL provider that are not libpq's.
bool IsForPython(const JsonField& field) {
  return field.name == "cursor" || field.name == "sqlalchemy_scheme" ||
         field.name == "sqlalchemy_query" || field.value == "false" ||
         field.type == JsonField::Type::kNull;
}

PostgresParameters ParametersOf(const ConnectionSetting& setting) {
  const auto& [connection, source, code] = setting;
  if (connection.type != "postgres") {
    throw TaskError(code, fmt::format("{}: '{}' is not a PostgreSQL connection (postgres://)",
                                      source, connection.type));
  }
  PostgresParameters parameters;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) parameters.emplace_back(name, value);
  };
  add("host", connection.host);
  add("port", connection.port ? fmt::to_string(*connection.port) : "");
  add("user", connection.login);
  add("password", connection.password);
  add("dbname", connection.schema);
  for (const JsonField& field : connection.extra) {
    if (IsParameter(field.name)) {
      parameters.emplace_back(field.name, field.value);
    } else if (!IsForPython(field)) {
      throw TaskError(code, fmt::format("{}: '{}' is no connection parameter of PostgreSQL", source,
                                        field.name));
    }
  }
  const bool names_server =
      std::any_of(parameters.begin(), parameters.end(), [](const auto& parameter) {
        return parameter.first == "host" || parameter.first == "hostaddr" ||
               parameter.first == "service";
      });
  if (!names_server) {
    throw TaskError(code, source + ": it names no host (postgres://user@host:5432/database)");
  }
  return parameters;
}

}  // namespace

void PostgresFlags::AddTo(const Flags& flags) {
  const Flags own = flags.Under("PostgreSQL");
  own.Add("--postgres-url", url, "postgres://user@host:port/database, without a password");
  own.Add("--postgres-conn-id", conn_id,
          WithConnection("Airflow Connection of PostgreSQL", conn_id));
}

PostgresParameters ReadPostgresParameters(const PostgresFlags& flags, Log& log) {
  return ParametersOf(ReadConnection(kKind, flags.url, flags.conn_id, log));
}

}  // namespace steamflow
