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

// A call that no retry could save.
struct FetchFailure {
  std::string message;
  std::string received;      // the last body, or what had come of it
  bool is_bad_body = false;  // it is whole, and a 200 that was not taken
  bool is_timeout = false;   // each attempt took too long
};

// One call of the API and what to do with its outcome. Exactly one of the two functions is called,
// unless the run ends first.
struct Fetch {
  std::string url;
  std::string item;  // what it asks about, for messages: "app 570"
  // Calls with the key that will be made from here on, this one included; 0 = a call without key.
  // The call budget is reserved in portions of that size.
  std::size_t keyed_calls = 0;
  // So many attempts may take too long. A call that finds out which of several ids it is has one.
  unsigned most_timeouts = 3;
  // Takes a 200, a 404, or a 403 that is no page: with these two the API answers about the thing
  // asked for, unknown most often. An error (a sentence) means that the body is not what the API
  // sends: a 200 is tried again.
  std::function<tl::expected<void, std::string>(HttpResponse&)> accept;
  std::function<void(const FetchFailure&)> fail;
};

// Why Fetcher::FetchAll came back.
struct FetchEnd {
  enum class Reason {
    kComplete,     // every call was answered or has failed
    kBudgetSpent,  // the day's call budget ran out
    kStopped,      // the deadline or a signal
    kFatal,        // `error`: every further call would end the same way
  };
  Reason reason = Reason::kComplete;
  std::optional<TaskError> error;
};

// Calls the API side by side. 408, 429, 5xx, network errors and broken bodies are tried again as
// RetryPolicy says; Retry-After holds back every call; a refused key, a block and a redirect end
// the run.
class Fetcher {
 public:
  // `budget` may be null (no limit). `api_key` may be empty. The references must outlive this.
  Fetcher(const Run& run, const std::string& api_key, CallBudget* budget);
  ~Fetcher();

  // Asks `next` for calls whenever there is room, and again after every response, as a response may
  // lead to more calls; done when nothing is in flight and `next` has nothing. `between` is called
  // between batches of responses, at least every 100 ms.
  FetchEnd FetchAll(const std::function<std::optional<Fetch>()>& next,
                    const std::function<void()>& between);

 private:
  struct Call;

  void Start(std::unique_ptr<Call> call);
  void OnOutcome(std::unique_ptr<Call> call, HttpOutcome& outcome);
  void OnResponse(std::unique_ptr<Call> call, HttpResponse& response);
  void Retry(std::unique_ptr<Call> call, FetchFailure&& failure, std::chrono::seconds at_least);
  void Fail(const Call& call, const FetchFailure& failure);
  bool IsOver() const { return end_ && end_->reason != FetchEnd::Reason::kBudgetSpent; }
  void End(FetchEnd::Reason reason, std::optional<TaskError> error = std::nullopt);
  std::chrono::milliseconds UntilNextEvent() const;

  const Run& run_;
  SourceResult& counts_;
  CallBudget* const budget_;
  const std::chrono::milliseconds attempt_timeout_;
  std::vector<std::string> key_headers_;
  HttpClient client_;
  std::multimap<Clock::time_point, std::unique_ptr<Call>> waiting_;  // retries, by their time
  Clock::time_point paused_until_{};
  std::size_t failures_ = 0;
  std::optional<FetchEnd> end_;
  RetryPolicy retry_policy_;
};

}  // namespace steamflow
