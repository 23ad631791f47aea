#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redis_config.h"
#include "redis_reply.h"
#include "stop.h"

namespace steamflow {

// A connection to Redis, made at the first command and again after an error, over hiredis. Commands
// block, at most 5 s and never past the end of the run. Throws TaskError: kTransient where the
// server is down, slow, read-only or loading; kAuth where it refuses the login or a right; kConfig
// where its certificate is refused, it is part of a cluster, or lacks a command that tasks use;
// kData where a key holds another type than the command needs.
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
