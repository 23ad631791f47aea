#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "json.h"
#include "log.h"
#include "task_error.h"

namespace steamflow {

// An Airflow Connection. Absent text fields are empty. `extra` keeps the order of the source.
// The two forms are those of Airflow's "Managing Connections": the URI of Connection.get_uri() and
// the JSON of Connection.as_json().
struct Connection {
  std::string type;
  std::string login;
  std::string password;
  std::string host;
  std::optional<int> port;
  std::string schema;
  std::vector<JsonField> extra;

  // The value of the extra `name`, or null.
  const JsonField* Extra(std::string_view name) const;
};

// The error is a sentence that does not contain the text (it may hold a password).
tl::expected<Connection, std::string> ParseConnection(std::string_view text);

// A service, as messages about its Connection speak of it.
struct ConnectionKind {
  std::string name;     // "PostgreSQL"
  std::string flag;     // that gives an address in place of a Connection
  std::string example;  // of a Connection
};

// The Connection of a service, and the setting that it comes from.
struct ConnectionSetting {
  Connection connection;
  std::string source;   // "--postgres-url" or "AIRFLOW_CONN_POSTGRES_DEFAULT", for messages
  ExitCode if_invalid;  // kUsage for a flag, kConfig for a Connection
};

// The text of the Connection of this id, as Airflow hands it to a process: AIRFLOW_CONN_<ID>, the
// id in upper case, or where that is not set what its supervisor says in a native task. Throws
// TaskError.
std::optional<std::string> AirflowConnection(const std::string& id);

// The Connection from `url`, the value of the flag, or where that is empty from Airflow. Nothing
// where neither is given. Its secrets are made known to `log`. Throws TaskError: kUsage where the
// flag cannot be parsed or holds a password, which would be on view in the process list; kConfig,
// with the variable's name, where the Connection cannot be parsed.
std::optional<ConnectionSetting> FindConnection(const ConnectionKind& kind, const std::string& url,
                                                const std::string& conn_id, Log& log);

// The error (kConfig) where there is none, with both ways to give one.
TaskError MissingConnection(const ConnectionKind& kind, const std::string& conn_id);

// As FindConnection, but throws MissingConnection.
ConnectionSetting ReadConnection(const ConnectionKind& kind, const std::string& url,
                                 const std::string& conn_id, Log& log);

// Whether the setting of this name is a secret by its name: a password, a token and so on.
bool IsSecretName(const std::string& name);

// The secrets of a connection: its password, and the extras whose names say that they are one.
std::vector<std::string> Secrets(const Connection& connection);

// "AIRFLOW_CONN_KAFKA_DEFAULT" for "kafka_default".
std::string ConnectionVariable(const std::string& id);

// Help text of the flag that chooses a Connection: the text, then "[env: AIRFLOW_CONN_X]" of the
// default.
std::string WithConnection(const std::string& help, const std::string& id);

}  // namespace steamflow
