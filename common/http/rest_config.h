#pragma once

#include <string>
#include <vector>

#include "airflow_connection.h"
#include "rest_client.h"

namespace steamflow {

// A kind of service that is asked over HTTP.
struct RestKind {
  ConnectionKind connection;
  std::vector<std::string> types;  // of its Airflow Connections, beside http and https
  int port = 0;                    // its usual one
  std::string data;                // what plain http would show to the network
};

// The server that a Connection names: type://host:port, whose schema (the path of the URI) is http
// or https, by default http for this machine and https for others; or a plain http:// or https://
// address. Login and password are for basic authentication. Throws TaskError
// (`setting.if_invalid`), also for plain http to another machine unless `allow_http`.
RestServer ServerOf(const ConnectionSetting& setting, const RestKind& kind, bool allow_http);

}  // namespace steamflow
