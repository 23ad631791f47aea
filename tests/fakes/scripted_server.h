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

/// The response that a test wants a ScriptedServer to send.
struct ScriptedResponse {
  int status = 200;
  std::string body;
  std::map<std::string, std::string> headers;
  std::chrono::milliseconds delay{0};  ///< before it is sent
  bool cut = false;                    ///< the connection breaks after half of the body
};

/// A server on loopback that sends the responses of the test, from threads of the test process, and
/// remembers the requests.
class ScriptedServer {
 public:
  /// `respond` is never called by two threads at once.
  explicit ScriptedServer(std::function<ScriptedResponse(const HttpCall&)> respond);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string url() const;  ///< http://127.0.0.1:port
  /// Returns the requests for which `respond` has returned. Waits for a call in progress.
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
