#pragma once

#include <string>

// TLS of a connection to Redis, for the .cpp file that uses hiredis; only where hiredis has it.

struct redisContext;

namespace steamflow {

// Takes the connection to TLS, and a certificate of this host only. False where that fails as the
// context says. Throws TaskError (kConfig) for the certificate.
bool StartTls(redisContext* context, const std::string& host, const std::string& address);

}  // namespace steamflow
