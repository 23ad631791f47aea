#pragma once

#include <hiredis/hiredis.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "child_process.h"

namespace steamflow::test {

// A real, empty redis-server on loopback and a client of it. It ends with the test.
class RedisServer {
 public:
  explicit RedisServer(const std::string& password = "",
                       const std::vector<std::string>& options = {});
  ~RedisServer();

  int port() const { return port_; }
  std::string url() const;  // redis://127.0.0.1:port/0, without the password
  standin::ChildProcess& process() { return *process_; }

  // Serves TLS too, at 127.0.0.1 and 127.0.0.2, with this certificate. Returns the port.
  int ServeTls(const std::string& certificate, const std::string& key);

  // Sends a command. Returns the reply as text (an integer in decimal digits), or nullopt for nil.
  // Throws std::runtime_error for an error.
  std::optional<std::string> Command(const std::vector<std::string>& words);

  std::optional<std::string> Get(const std::string& key) { return Command({"GET", key}); }
  void Set(const std::string& key, const std::string& value) { Command({"SET", key, value}); }
  std::map<std::string, std::string> Hash(const std::string& key);
  std::vector<std::string> Keys(const std::string& pattern = "*");

 private:
  struct ContextDeleter {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  struct ReplyDeleter {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  using Reply = std::unique_ptr<redisReply, ReplyDeleter>;
  Reply Ask(const std::vector<std::string>& words);
  std::vector<std::string> List(const std::vector<std::string>& words);

  int port_ = 0;
  std::unique_ptr<standin::ChildProcess> process_;
  std::unique_ptr<redisContext, ContextDeleter> context_;
};

}  // namespace steamflow::test
