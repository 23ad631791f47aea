#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "call_budget.h"
#include "http_client.h"
#include "retry_policy.h"
#include "run.h"

namespace steamflow {

// How a call failed for good: after its retries, or with an error that is not retried.
struct FetchFailure {
  std::string message;
  std::string received;      // the last body, as far as it was received
  bool is_bad_body = false;  // `received` is the complete body of a 200 that `accept` refused
  bool is_timeout = false;   // the last attempt took too long
};

// One call of the API, and what to do with its outcome. Exactly one of `accept` (with a body that
// it takes) and `fail` ends the call, unless the run ends first.
struct Fetch {
  std::string url;
  std::string item;  // what the call asks about, for messages: "app 570"
  // The number of calls with the API key that are still to be made, including this one; 0 for a
  // call without the key. The call budget is reserved in portions of this size.
  std::size_t keyed_calls = 0;
  // A timeout of this attempt (counted from 1) or a later one makes the call fail. The calls that
  // search a failed batch for its broken id set 1, because the run has no time for more.
  unsigned most_timeouts = 3;
  // Takes the response if its status is 200, or 404 or 403 with a body that is not an HTML page. A
  // 404 or 403 of this kind is the API's answer about the thing asked for, usually that it does not
  // exist. Returns a sentence if the body is not what the API sends: then a 200 is retried, and
  // anything else fails.
  std::function<tl::expected<void, std::string>(HttpResponse&)> accept;
  // Called once the call has failed for good.
  std::function<void(const FetchFailure&)> fail;
};

// Why Fetcher::FetchAll returned.
struct FetchEnd {
  enum class Reason {
    kComplete,     // every call was answered or has failed
    kBudgetSpent,  // the day's call budget ran out
    kStopped,      // the deadline came, or a signal
    kFatal,        // `error` says why; every further call would fail the same way
  };
  Reason reason = Reason::kComplete;
  std::optional<TaskError> error;
};

// Makes calls to the API in parallel. It retries 408, 429, 5xx, network errors and broken bodies as
// RetryPolicy allows. Retry-After delays all calls, because the API limits a client and not a
// single call. A refused key, a blocked address, a redirect and a method that the API does not have
// end the run, because every other call would meet the same.
class Fetcher {
 public:
  // `budget` may be null, which means no limit. `api_key` may be empty if no call needs it. `run`
  // and `budget` must outlive this object. Creates the `source` section of the run's result.
  Fetcher(const Run& run, const std::string& api_key, CallBudget* budget);
  ~Fetcher();

  // Asks `next` for calls whenever there is room, and again after every response, because a
  // response may lead to more calls. Returns when nothing is in flight and `next` has no more
  // calls, or when the run has to end. Calls `between` between batches of responses, at least every
  // 100 ms. Passes on what the functions throw; every error of its own is in the FetchEnd.
  FetchEnd FetchAll(const std::function<std::optional<Fetch>()>& next,
                    const std::function<void()>& between);

 private:
  struct Call;

  // Takes the call from the budget and sends it. A retry is a call too.
  void Start(std::unique_ptr<Call> call);
  // The next functions decide what becomes of a call: accepted, sent again, failed, or the end of
  // the run.
  void OnOutcome(std::unique_ptr<Call> call, HttpOutcome& outcome);
  void OnResponse(std::unique_ptr<Call> call, HttpResponse& response);
  // Sends the call again after the wait that RetryPolicy grants, or fails it.
  void Retry(std::unique_ptr<Call> call, FetchFailure&& failure, std::chrono::seconds at_least);
  // Calls `fail`. Ends the run if a hundred calls have failed, because then the API is down.
  void Fail(const Call& call, const FetchFailure& failure);
  // When the budget is spent, calls in flight may still finish.
  bool IsOver() const { return end_ && end_->reason != FetchEnd::Reason::kBudgetSpent; }
  void End(FetchEnd::Reason reason, std::optional<TaskError> error = std::nullopt);
  // Returns how long to wait for responses, at most 100 ms.
  std::chrono::milliseconds UntilNextEvent() const;

  const Run& run_;
  // The section of the run's result.
  SourceResult& counts_;
  CallBudget* const budget_;
  const std::chrono::milliseconds attempt_timeout_;
  // The header with the API key; empty without a key. It is added only to calls that need the key.
  std::vector<std::string> key_headers_;
  HttpClient client_;
  std::multimap<Clock::time_point, std::unique_ptr<Call>> waiting_;  // retries, by their due time
  // Until then no call is sent, because a server has asked for a pause with Retry-After.
  Clock::time_point paused_until_{};
  std::size_t failures_ = 0;
  std::optional<FetchEnd> end_;
  RetryPolicy retry_policy_;
};

}  // namespace steamflow
