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

struct ScriptedResponse {
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
  /// `respond` is called by one thread at a time.
  explicit ScriptedServer(std::function<ScriptedResponse(const HttpCall&)> respond);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string url() const;  ///< http://127.0.0.1:port
  /// Those for which `respond` has returned; waits for one that is under way.
  std::vector<HttpCall> calls() const;

 private:
  class Http;  // keeps httplib.h out of every test

  ScriptedResponse Respond(HttpCall call);

  mutable std::mutex mutex_;
  std::vector<HttpCall> calls_;
  const std::function<ScriptedResponse(const HttpCall&)> respond_;
  std::unique_ptr<Http> http_;
};

}  // namespace steamflow::test
