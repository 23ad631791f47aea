#pragma once

#include <string>

#include "log.h"

namespace steamflow {

class Flags;

// The flags of a task that talks to Redis.
struct RedisFlags {
  std::string url;  // --redis-url
  std::string conn_id = "redis_default";

  void AddTo(const Flags& flags);
  // Throws TaskError (kUsage) where --redis-url is invalid: for a run that does not talk to Redis.
  void Check(Log& log) const;
};

// Where Redis is and how to log in.
struct RedisSettings {
  std::string host;
  int port = 6379;
  int db = 0;
  std::string user;      // Redis 6 ACL; empty = the default user
  std::string password;  // empty = no AUTH
  bool tls = false;
};

// From --redis-url, else from the Airflow Connection (redis:// or rediss://; db from the path or
// the extra `db`, TLS from the scheme or the extra `ssl`). Secrets are made known to `log`. Throws
// TaskError: kUsage or kConfig, also where neither is given.
RedisSettings ReadRedisSettings(const RedisFlags& flags, Log& log);

}  // namespace steamflow
