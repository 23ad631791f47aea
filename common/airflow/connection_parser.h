#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "json.h"

namespace steamflow {

// An Airflow Connection. Missing text fields are empty. `extra` keeps the order of the source.
//
// Airflow's "Managing Connections" page describes the two text forms: the URI of
// Connection.get_uri() and the JSON of Connection.as_json().
struct Connection {
  std::string type;
  std::string login;
  std::string password;
  std::string host;
  std::optional<int> port;
  std::string schema;
  std::vector<JsonField> extra;

  // Returns the extra with this name, or null if there is none.
  const JsonField* Extra(std::string_view name) const;
};

// Parses a Connection in either form. The error is a phrase that does not quote the text, which may
// contain a password.
tl::expected<Connection, std::string> ParseConnection(std::string_view text);

}  // namespace steamflow
