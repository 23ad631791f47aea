#include "postgres_config.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "airflow_connection.h"
#include "ca_locations.h"
#include "environment.h"
#include "flags.h"

namespace steamflow {
namespace {

const ConnectionKind kKind{.name = "PostgreSQL",
                           .flag = "--postgres-url",
                           .example = "postgres://user@host:5432/database"};

// Returns whether libpq has a parameter of this name.
bool IsParameter(const std::string& name) {
  PQconninfoOption* const options = PQconndefaults();
  bool found = false;
  for (auto* option = options; option && option->keyword; ++option) {
    found = found || name == option->keyword;
  }
  PQconninfoFree(options);
  return found;
}

// Returns whether an extra is meant for Airflow's PostgreSQL provider and not for libpq.
bool IsForPython(const JsonField& field) {
  return field.name == "cursor" || field.name == "sqlalchemy_scheme" ||
         field.name == "sqlalchemy_query" || field.value == "false" ||
         field.type == JsonField::Type::kNull;
}

std::string ValueOf(const PostgresParameters& parameters, const char* name, const char* variable) {
  for (const auto& [own, value] : parameters) {
    if (own == name) return value;
  }
  return EnvironmentValue(variable).value_or("");
}

// Passes SSL_CERT_FILE to libpq unless a parameter or PGSSLROOTCERT names another CA file. Only
// connections that ask for verification get it: with sslmode=require, libpq does not verify the
// certificate, but begins to as soon as it has a CA file.
void AddCaFile(PostgresParameters& parameters) {
  const std::string mode = ValueOf(parameters, "sslmode", "PGSSLMODE");
  if (mode != "verify-ca" && mode != "verify-full") return;
  if (!ValueOf(parameters, "sslrootcert", "PGSSLROOTCERT").empty()) return;
  const std::string file = ReadCaLocations().file;
  if (!file.empty()) parameters.emplace_back("sslrootcert", file);
}

// Returns libpq's message about an invalid value, or nullopt if all values are valid. libpq checks
// the values before it connects, and here it connects to a socket that cannot exist, so this uses
// no network.
std::optional<std::string> WrongValue(const PostgresParameters& parameters) {
  constexpr char kNowhere[] = "/dev/null";
  std::vector<const char*> names{"host", "password"};  // with a password, libpq reads no ~/.pgpass
  std::vector<const char*> values{kNowhere, "none"};
  for (const auto& [name, value] : parameters) {
    const bool is_list = name == "port" && value.find(',') != std::string::npos;
    if (name == "host" || name == "hostaddr" || name == "password" || is_list) continue;
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  const std::unique_ptr<PGconn, decltype(&PQfinish)> attempt(
      PQconnectStartParams(names.data(), values.data(), 0), &PQfinish);
  if (!attempt || PQstatus(attempt.get()) != CONNECTION_BAD) return std::nullopt;
  std::string message = PQerrorMessage(attempt.get());
  if (message.find(kNowhere) != std::string::npos) return std::nullopt;
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return message;
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
      throw TaskError(code, fmt::format("{}: '{}' is not a connection parameter of PostgreSQL",
                                        source, field.name));
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
  AddCaFile(parameters);
  if (const auto wrong = WrongValue(parameters)) {
    throw TaskError(code, fmt::format("{}: {}", source, *wrong));
  }
  return parameters;
}

}  // namespace

void PostgresFlags::AddTo(const Flags& flags) {
  const Flags own = flags.Under("PostgreSQL");
  own.Add("--postgres-url", url, "postgres://user@host:port/database, without a password")
      .Format("uri");
  own.Add("--postgres-conn-id", conn_id, "Airflow Connection of PostgreSQL")
      .Environment(ConnectionVariable(conn_id));
}

PostgresParameters ReadPostgresParameters(const PostgresFlags& flags, Log& log) {
  return ParametersOf(ReadConnection(kKind, flags.url, flags.conn_id, log));
}

}  // namespace steamflow
