#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>

#include "airflow_connection.h"
#include "flags.h"
#include "postgres_client.h"

namespace steamflow {
namespace {

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

PostgresParameters FromConnection(const Connection& connection, const std::string& source,
                                  ExitCode code) {
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
          "Airflow Connection of PostgreSQL [env: AIRFLOW_CONN_<ID>]");
}

PostgresParameters ReadPostgresParameters(const PostgresFlags& flags, Log& log) {
  if (!flags.url.empty()) {
    return FromConnection(ConnectionFromFlag("--postgres-url", flags.url), "--postgres-url",
                          ExitCode::kUsage);
  }
  const auto connection = AirflowConnection(flags.conn_id);
  const std::string variable = ConnectionVariable(flags.conn_id);
  if (!connection) {
    throw TaskError(ExitCode::kConfig,
                    fmt::format("no PostgreSQL connection: set {} "
                                "(postgres://user@host:5432/database) or give --postgres-url",
                                variable));
  }
  for (const std::string& secret : Secrets(*connection)) log.AddSecret(secret);
  return FromConnection(*connection, variable, ExitCode::kConfig);
}

}  // namespace steamflow
