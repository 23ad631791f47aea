#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace steamflow::test {

/// A request as a ScriptedServer received it.
struct HttpCall {
  std::string method;
  std::string target;                          ///< path and query
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;  ///< decompressed; of a form with files, the content of the files
};

struct HttpAnswer {
  int status = 200;
  std::string body;
  std::map<std::string, std::string> headers;
  std::chrono::milliseconds delay{0};  ///< before it is sent
  bool cut = false;                    ///< the connection breaks after half of the body
};

/// A server on loopback that answers as the test says, in threads of the test's own process, and
/// remembers what it was asked.
class ScriptedServer {
 public:
  /// `answer` is called by one thread at a time.
  explicit ScriptedServer(std::function<HttpAnswer(const HttpCall&)> answer);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string url() const;  ///< http://127.0.0.1:port
  /// Those for which `answer` has returned; waits for one that is being answered.
  std::vector<HttpCall> calls() const;

 private:
  class Http;  // keeps httplib.h out of every test

  HttpAnswer Answer(HttpCall call);

  mutable std::mutex mutex_;
  std::vector<HttpCall> calls_;
  const std::function<HttpAnswer(const HttpCall&)> answer_;
  std::unique_ptr<Http> http_;
};

}  // namespace steamflow::test
