#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connection_parser.h"
#include "log.h"
#include "task_error.h"

namespace steamflow {

// How messages refer to a service and its Connection.
struct ConnectionKind {
  std::string name;     // such as "PostgreSQL"
  std::string flag;     // the flag that takes a URL in place of a Connection
  std::string example;  // of a Connection in URI form
};

// The Connection of a service and where it was configured.
struct ConnectionSetting {
  Connection connection;
  std::string source;   // "--postgres-url" or "AIRFLOW_CONN_POSTGRES_DEFAULT", for messages
  ExitCode if_invalid;  // kUsage for a flag, kConfig for a Connection
};

// Returns the text of the Connection with this ID, as Airflow passes it to a process: from
// AIRFLOW_CONN_<ID> with the ID in upper case, or if that is not set and the task is native, from
// Airflow's supervisor. Returns nullopt if there is none. Throws TaskError.
std::optional<std::string> AirflowConnection(const std::string& id);

// Reads the Connection from `url`, the value of the flag, or if that is empty, from Airflow.
// Returns nullopt if neither is set. Registers the secrets of the Connection with `log`. Throws
// TaskError: kUsage if the flag cannot be parsed or contains a password, which every user could see
// in the process list; kConfig if the Connection cannot be parsed.
std::optional<ConnectionSetting> FindConnection(const ConnectionKind& kind, const std::string& url,
                                                const std::string& conn_id, Log& log);

// Returns the error (kConfig) for a service without a Connection. It names both ways to provide
// one.
TaskError MissingConnection(const ConnectionKind& kind, const std::string& conn_id);

// Does the same as FindConnection, but throws MissingConnection if there is no Connection.
ConnectionSetting ReadConnection(const ConnectionKind& kind, const std::string& url,
                                 const std::string& conn_id, Log& log);

// Returns whether a setting's name marks it as a secret, such as a password or a token.
bool IsSecretName(const std::string& name);

// Returns the secrets of a connection: its password, and the extras whose names mark them as
// secret, including nested ones.
std::vector<std::string> Secrets(const Connection& connection);

// Returns the environment variable of a Connection: "AIRFLOW_CONN_KAFKA_DEFAULT" for
// "kafka_default".
std::string ConnectionVariable(const std::string& id);

}  // namespace steamflow
