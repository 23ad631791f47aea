#pragma once

#include <string>

// TLS for a connection to Redis. Only the .cpp file that uses hiredis includes this, and only if
// hiredis was built with TLS.

struct redisContext;

namespace steamflow {

// Starts TLS on the connection and verifies the server's certificate, including its host name.
// Returns false if the handshake fails; the context then has the error. Throws TaskError (kConfig)
// if the certificate is rejected or TLS cannot be set up.
bool StartTls(redisContext* context, const std::string& host, const std::string& address);

}  // namespace steamflow
