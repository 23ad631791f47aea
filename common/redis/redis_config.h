#pragma once

#include <string>

#include "log.h"

namespace steamflow {

class Flags;

// The flags of a task that uses Redis.
struct RedisFlags {
  std::string url;  // --redis-url
  std::string conn_id = "redis_default";

  void AddTo(const Flags& flags);
  // Validates --redis-url for a run that does not use Redis. Throws TaskError (kUsage) if it is
  // invalid.
  void Check(Log& log) const;
};

// The address of a Redis server and the credentials for it.
struct RedisSettings {
  std::string host;
  int port = 6379;
  int db = 0;
  std::string user;      // for the ACL of Redis 6; empty for the default user
  std::string password;  // empty if AUTH is not needed
  bool tls = false;
};

// Reads the settings from --redis-url, or from the Airflow Connection (redis:// or rediss://). The
// database comes from the extra `db` or the path, TLS from the scheme or the extra `ssl`. Registers
// secrets with `log`. Throws TaskError: kUsage if the flag is invalid, kConfig if the Connection is
// invalid or neither is set.
RedisSettings ReadRedisSettings(const RedisFlags& flags, Log& log);

}  // namespace steamflow
