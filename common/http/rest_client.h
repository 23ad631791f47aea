#pragma once

#include <string>
#include <vector>

#include "http_client.h"
#include "retry_policy.h"
#include "run.h"

namespace steamflow {

// An HTTP service and the credentials for it.
struct RestServer {
  std::string source;  // the setting that named it, for messages
  std::string url;     // without a trailing slash
  std::string user;    // basic authentication; empty if there is none
  std::string password;
  std::vector<std::string> headers;  // "name: value", sent with every request
};

// Returns the error that must end the run, whatever the request was: kAuth for 401 and 403,
// kTransient for a 403 that reports a block of the whole cluster, kConfig for a redirect and for
// failures that another attempt cannot change. Returns nullopt for every other outcome. `request`
// names the request in the message.
std::optional<TaskError> LastingError(const RestServer& server, const std::string& request,
                                      const HttpOutcome& outcome);

// Returns whether another attempt may succeed: there was no response, or the status is 408, 429 or
// 5xx.
bool IsWorthAnotherTry(const HttpOutcome& outcome);

// Describes an outcome for a message: "HTTP 503", or the reason why there was no response.
std::string Describe(const HttpOutcome& outcome);

// Returns the error that a response reports: error.reason and its innermost cause (Elasticsearch)
// or message (Kibana, Kafka Connect). If it has neither, returns the first 200 bytes of the body.
std::string ErrorReason(const HttpResponse& response);

// How to treat a server that does not answer at all: count its failures as retries (kCountRetries),
// or try again until the deadline, whatever --retries says (kWait).
enum class WhileAway { kCountRetries, kWait };

// What a signal does: it ends the request, and requests end with the time for new work (kThrow), or
// requests may still be finished in the time that is left after the signal (kFinish).
enum class AfterStop { kThrow, kFinish };

// Sends requests to a service, one after another, and retries those that fail.
class RestClient {
 public:
  // `run` must outlive this object.
  RestClient(RestServer server, const Run& run, WhileAway while_away = WhileAway::kCountRetries,
             AfterStop after_stop = AfterStop::kThrow);

  // Sends a request and waits for its response, with the retries that RetryPolicy grants, until the
  // deadline. `path` is appended to the URL of the server. Returns every response that is neither a
  // LastingError nor worth another attempt, whatever its status. Throws TaskError: the
  // LastingError, kTransient if no attempt got such a response or the time is over, and the code of
  // a signal with AfterStop::kThrow.
  HttpResponse Ask(const std::string& method, const std::string& path, const std::string& body = {},
                   const std::string& content_type = "application/json");

  const RestServer& server() const { return server_; }

 private:
  // Sends the request once and waits for the outcome, which is an error if the time is over.
  HttpOutcome Attempt(const HttpRequest& request);
  void ThrowIfStopped() const;
  // Returns the time left for requests, which depends on AfterStop.
  std::chrono::milliseconds Left() const;

  const RestServer server_;
  const Run& run_;
  const WhileAway while_away_;
  const AfterStop after_stop_;
  HttpClient http_;
  RetryPolicy retry_policy_;
};

}  // namespace steamflow
