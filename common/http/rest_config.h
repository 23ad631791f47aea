#pragma once

#include <string>
#include <vector>

#include "airflow_connection.h"
#include "rest_client.h"

namespace steamflow {

// A kind of HTTP service and the defaults of its Connections.
struct RestKind {
  ConnectionKind connection;
  // Accepted types of Airflow Connections, besides http and https.
  std::vector<std::string> types;
  int port = 0;      // default port of the service
  std::string data;  // what plain http would expose, for a message
};

// Returns the server of a Connection. The Connection is either type://host:port, with the protocol
// as its schema (the path of the URI), or a plain http:// or https:// address. If the protocol is
// missing, it is http for a loopback host and https for all others. Login and password are used for
// basic authentication. Throws TaskError (`setting.if_invalid`) if the Connection is invalid, or if
// it asks for plain http to another machine and `allow_http` is false.
RestServer ServerOf(const ConnectionSetting& setting, const RestKind& kind, bool allow_http);

}  // namespace steamflow
