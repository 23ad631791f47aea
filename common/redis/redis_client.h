#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redis_config.h"
#include "redis_reply.h"
#include "stop.h"

namespace steamflow {

// A connection to Redis through hiredis. It is opened by the first command and reopened after an
// error. A command blocks for at most 5 s and never past the end of the run. Throws TaskError:
// kTransient if the server is down, slow, read-only or loading; kAuth if it rejects the login or
// denies permission; kConfig if its certificate is rejected, it is part of a cluster, or it lacks a
// command that tasks use; kData if a key has another type than the command needs.
class RedisClient {
 public:
  // `stop` must outlive this object.
  RedisClient(const RedisSettings& settings, const Stop& stop);
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  // Sends a command, given as its words, and returns the reply.
  RedisReply Command(const std::vector<std::string_view>& arguments);
  // Runs a Lua script. It is sent as text because the scripts are short and run once per process.
  RedisReply Eval(std::string_view script, const std::vector<std::string>& keys,
                  const std::vector<std::string>& arguments);

  std::string Address() const;  // "host:port", for messages

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
