#pragma once

#include <string>
#include <vector>

#include "http_client.h"
#include "retry_policy.h"
#include "run.h"

namespace steamflow {

// A service that is asked over HTTP, and how to log in.
struct RestServer {
  std::string source;  // the setting that names it, for messages
  std::string url;     // without a slash at its end
  std::string user;    // basic authentication; empty = none
  std::string password;
  std::vector<std::string> headers;  // "name: value", sent with every request
};

// What a response or error of the server ends the run with, whatever was asked: kAuth for 401 and
// 403, kTransient for a 403 that says that the whole cluster is blocked, kConfig for a redirect and
// for what another attempt cannot mend. Nothing for all else.
std::optional<TaskError> LastingError(const RestServer& server, const std::string& request,
                                      const HttpOutcome& outcome);

// Whether another attempt may go better: no response, 408, 429, 5xx.
bool IsWorthAnotherTry(const HttpOutcome& outcome);

// "HTTP 503", or why there was no response.
std::string Describe(const HttpOutcome& outcome);

// What a response says is wrong, as Elasticsearch (error.reason and its innermost cause), Kibana
// and Connect (message) do; else how it begins.
std::string ErrorReason(const HttpResponse& response);

// Whether a server that does not answer at all is waited for until the deadline, whatever --retries
// says.
enum class WhileAway { kCountRetries, kWait };

// Whether a signal ends a request, and the end of the work comes before it: or what is asked is
// still finished, in the time that is left then.
enum class AfterStop { kThrow, kFinish };

// Asks a service, one request after another.
class RestClient {
 public:
  // The run must outlive this.
  RestClient(RestServer server, const Run& run, WhileAway while_away = WhileAway::kCountRetries,
             AfterStop after_stop = AfterStop::kThrow);

  // Sends `method path` and waits for its response, trying again as RetryPolicy says, until the
  // deadline. Throws TaskError: as LastingError has it, kTransient where no attempt got a response
  // that is one, or the time was over, and for a signal unless it is to finish. Any other response
  // is returned, whatever its status.
  HttpResponse Ask(const std::string& method, const std::string& path, const std::string& body = {},
                   const std::string& content_type = "application/json");

  const RestServer& server() const { return server_; }

 private:
  HttpOutcome Attempt(const HttpRequest& request);
  void ThrowIfStopped() const;
  std::chrono::milliseconds Left() const;

  const RestServer server_;
  const Run& run_;
  const WhileAway while_away_;
  const AfterStop after_stop_;
  HttpClient http_;
  RetryPolicy retry_policy_;
};

}  // namespace steamflow
