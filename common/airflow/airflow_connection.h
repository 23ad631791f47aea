#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "json.h"

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

// AIRFLOW_CONN_<ID>, the id in upper case. Nothing where it is unset or empty. Throws TaskError
// (kConfig), with the variable's name, where it cannot be parsed.
std::optional<Connection> AirflowConnection(const std::string& id);

// A connection URL given by the flag `flag`. Throws TaskError (kUsage) where it cannot be parsed or
// holds a password, which would be on view in the process list.
Connection ConnectionFromFlag(const std::string& flag, const std::string& url);

// Whether the setting of this name is a secret by its name: a password, a token and so on.
bool IsSecretName(const std::string& name);

// The secrets of a connection: its password, and the extras whose names say that they are one.
std::vector<std::string> Secrets(const Connection& connection);

// "AIRFLOW_CONN_KAFKA_DEFAULT" for "kafka_default".
std::string ConnectionVariable(const std::string& id);

}  // namespace steamflow
