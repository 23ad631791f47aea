#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "airflow_connection.h"
#include "run.h"

namespace steamflow {

// Where Redis is and how to log in.
struct RedisSettings {
  std::string host;
  int port = 6379;
  int db = 0;
  std::string user;      // Redis 6 ACL; empty = the default user
  std::string password;  // empty = no AUTH
  bool tls = false;
};

// From --redis-url, else from the Airflow Connection `conn_id` (redis:// or rediss://; db from the
// path or the extra `db`, TLS from the scheme or the extra `ssl`). Throws TaskError: kUsage or
// kConfig, also where neither is given.
RedisSettings ReadRedisSettings(const std::string& url_flag, const std::string& conn_id);

struct RedisReply {
  enum class Type { kNil, kInteger, kText, kArray };
  Type type = Type::kNil;
  long long integer = 0;
  std::string text;
  std::vector<RedisReply> elements;

  // The text, or nothing for nil.
  std::optional<std::string> OptionalText() const;
};

// A connection to Redis, made at the first command and again after an error, over hiredis. Commands
// block, at most 5 s and never past the end of the run. Throws TaskError: kTransient where the
// server is down, slow, read-only or loading; kAuth where it refuses the login; kConfig where its
// certificate is refused; kData where a key holds another type than the command needs.
class RedisClient {
 public:
  RedisClient(const RedisSettings& settings, const Stop& stop);
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  RedisReply Command(const std::vector<std::string_view>& arguments);
  // Runs a Lua script, by its text: the scripts are short and run once a process.
  RedisReply Eval(std::string_view script, const std::vector<std::string>& keys,
                  const std::vector<std::string>& arguments);

  std::string Address() const;  // "host:port", for messages

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
