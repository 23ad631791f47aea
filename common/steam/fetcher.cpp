#include "fetcher.h"

#include <fmt/format.h>

#include <algorithm>

#include "eresult.h"
#include "rest_client.h"
#include "server_sentence.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

// An attempt may take a fifth of the run's time. Then three attempts that hang still leave time to
// find the id that causes it.
constexpr milliseconds kShortestTimeout(2'000);
constexpr milliseconds kLongestTimeout(20'000);
constexpr unsigned kTimeoutsOfARun = 5;
constexpr std::size_t kMostReceived = 1U << 20U;  // bytes kept of a body that is too large
constexpr milliseconds kLongestWait(100);         // between two calls of `between`
// The run ends when this many calls have failed for good: then the API is down, and the cause is
// not a few broken ids.
constexpr std::size_t kMostFailures = 100;

HttpOptions OptionsOf(const Run& run) {
  HttpOptions options;
  options.max_in_flight = run.options.max_in_flight;
  options.max_response_bytes = run.options.max_response_bytes;
  options.max_bytes_in_flight = run.options.max_bytes_in_flight;
  options.http1 = run.options.http1;
  options.response_headers = {steam_api::kEResultHeader, steam_api::kErrorMessageHeader};
  return options;
}

// The page of a refused key says "Please verify your <pre>key=</pre> parameter"; the page of a
// blocked address does not.
bool SpeaksOfTheKey(const std::string& page) {
  return page.find("verify your") != std::string::npos && page.find("key=") != std::string::npos;
}

// Returns whether the API refuses the method or its parameters, and not the thing asked about: a
// page "Method not found in interface", or "Required parameter 'key' is missing". All calls would
// get it.
bool IsRefusedMethod(int status, std::string_view body) {
  return IsHtml(body) &&
         (status == 404 || (status == 400 && body.find("Required parameter") != body.npos));
}

// Returns the URL without its query, which is the part that may appear in a log.
std::string PathOf(const Fetch& fetch) {
  return fetch.url.substr(0, fetch.url.find('?'));
}

// Returns the beginning of a message about a call: the item and the request.
std::string Asked(const Fetch& fetch) {
  return fmt::format("{}{}GET {}", fetch.item, fetch.item.empty() ? "" : ": ", PathOf(fetch));
}

}  // namespace

struct Fetcher::Call {
  Fetch fetch;
  unsigned attempts = 0;
  Clock::time_point sent{};
};

Fetcher::Fetcher(const Run& run, const std::string& api_key, CallBudget* budget)
    : run_(run),
      counts_(run.result.source.emplace()),
      budget_(budget),
      attempt_timeout_(std::clamp(
          std::chrono::duration_cast<milliseconds>(run.stop.work_until() - Clock::now()) /
              kTimeoutsOfARun,
          kShortestTimeout, kLongestTimeout)),
      client_(OptionsOf(run)),
      retry_policy_(run.options.retries) {
  if (!api_key.empty()) key_headers_.push_back("x-webapi-key: " + api_key);
}

Fetcher::~Fetcher() = default;

FetchEnd Fetcher::FetchAll(const std::function<std::optional<Fetch>()>& next,
                           const std::function<void()>& between) {
  end_.reset();
  // However this function ends, and `between` may throw, no call may still be under way when it is
  // called the next time.
  const struct Cleaner {
    Fetcher& fetcher;
    ~Cleaner() {
      fetcher.client_.Abandon();
      fetcher.waiting_.clear();
    }
  } cleaner{*this};
  for (;;) {
    if (run_.stop.Requested()) {
      End(FetchEnd::Reason::kStopped);
      break;
    }
    const bool paused = Clock::now() < paused_until_;
    while (!paused && !end_ && client_.in_flight() < run_.options.max_in_flight &&
           client_.HasRoom()) {
      if (!waiting_.empty() && waiting_.begin()->first <= Clock::now()) {
        auto due = waiting_.extract(waiting_.begin());
        Start(std::move(due.mapped()));
        continue;
      }
      if (client_.in_flight() + waiting_.size() >= run_.options.max_in_flight) break;
      auto fetch = next();
      if (!fetch) break;
      auto call = std::make_unique<Call>();
      call->fetch = std::move(*fetch);
      Start(std::move(call));
    }
    if (IsOver()) break;
    if (client_.in_flight() == 0 && (end_ || (waiting_.empty() && !paused))) {
      End(FetchEnd::Reason::kComplete);
      break;
    }
    client_.Wait(UntilNextEvent(), run_.stop.fd());
    between();
  }
  return *end_;
}

void Fetcher::Start(std::unique_ptr<Call> call) {
  if (call->fetch.keyed_calls > 0 && budget_) {
    try {
      if (!budget_->Take(call->fetch.keyed_calls)) return End(FetchEnd::Reason::kBudgetSpent);
    } catch (const TaskError& error) {
      return End(FetchEnd::Reason::kFatal, error);
    }
  }
  if (call->attempts++ > 0) {
    ++counts_.retries;
  } else {
    retry_policy_.Count();
  }
  ++counts_.requests;
  call->sent = Clock::now();
  const auto left = std::chrono::duration_cast<milliseconds>(run_.stop.work_until() - Clock::now());
  HttpRequest request{.url = call->fetch.url, .timeout = std::min(attempt_timeout_, left)};
  if (call->fetch.keyed_calls > 0) {
    request.headers = key_headers_;
    call->fetch.keyed_calls = 1;  // the calls after this one are not reserved again for a retry
  }
  // std::function needs a copyable callable, and a unique_ptr is not copyable.
  client_.Send(std::move(request), [this, shared = std::make_shared<std::unique_ptr<Call>>(
                                              std::move(call))](HttpOutcome& outcome) {
    if (!IsOver()) OnOutcome(std::move(*shared), outcome);
  });
}

void Fetcher::OnOutcome(std::unique_ptr<Call> call, HttpOutcome& outcome) {
  const auto duration = Clock::now() - call->sent;
  counts_.request_durations.Add(duration);
  if (run_.log.Shows(LogLevel::kDebug)) {
    run_.log.Debug(fmt::format("GET {}: {}, {} ms", PathOf(call->fetch), Describe(outcome),
                               std::chrono::duration_cast<milliseconds>(duration).count()));
  }
  if (outcome.response) return OnResponse(std::move(call), *outcome.response);
  FetchFailure failure{fmt::format("{}: {}", Asked(call->fetch), outcome.error.message),
                       std::move(outcome.error.received)};
  switch (outcome.error.kind) {
    case HttpError::Kind::kNetwork:
      ++counts_.outcomes.network_error;
      failure.is_timeout = outcome.error.is_timeout;
      if (failure.is_timeout && call->attempts >= call->fetch.most_timeouts) {
        return Fail(*call, failure);
      }
      return Retry(std::move(call), std::move(failure), {});
    case HttpError::Kind::kTooLarge:
      ++counts_.outcomes.bad_body;
      failure.received.resize(std::min(failure.received.size(), kMostReceived));
      failure.received.shrink_to_fit();
      return Fail(*call, failure);
    case HttpError::Kind::kNoRoom:  // not the call's fault, so the attempt does not count
      --call->attempts;
      waiting_.emplace(Clock::now(), std::move(call));
      return;
    case HttpError::Kind::kSetup:
      ++counts_.outcomes.network_error;
      return End(FetchEnd::Reason::kFatal, TaskError(ExitCode::kConfig, failure.message));
  }
}

void Fetcher::OnResponse(std::unique_ptr<Call> call, HttpResponse& response) {
  const int status = response.status;
  FetchFailure failure{fmt::format("{}: HTTP {}", Asked(call->fetch), status), "", false};
  const bool speaks_of_key = status == 403 && SpeaksOfTheKey(response.body);
  if (IsRefusedMethod(status, response.body)) {
    ++counts_.outcomes.refused;
    return End(FetchEnd::Reason::kFatal,
               TaskError(ExitCode::kConfig, failure.message + ServerSentence(response.body) +
                                                ": no such method (AIRFLOW_VAR_STEAM_API_URL)"));
  }
  if (status == 200 || status == 404 ||
      (status == 403 && !speaks_of_key && !IsHtml(response.body))) {
    const auto accepted = call->fetch.accept(response);
    ++(accepted ? counts_.outcomes.ok : counts_.outcomes.bad_body);
    if (accepted) return;
    failure.message += ", " + accepted.error();
    if (IsHtml(response.body)) failure.message += ServerSentence(response.body);
    failure.received = std::move(response.body);
    failure.is_bad_body = status == 200;
    if (status != 200) return Fail(*call, failure);
    return Retry(std::move(call), std::move(failure), {});
  }
  ++(status == 429               ? counts_.outcomes.rate_limited
     : IsTransientStatus(status) ? counts_.outcomes.server_error
                                 : counts_.outcomes.refused);
  if (status == 401 || speaks_of_key) {
    return End(FetchEnd::Reason::kFatal,
               TaskError(ExitCode::kAuth,
                         failure.message + ": the API key is refused (AIRFLOW_VAR_STEAM_API_KEY)"));
  }
  if (status == 403) {
    return End(
        FetchEnd::Reason::kFatal,
        TaskError(ExitCode::kTransient, failure.message + ": this address is blocked for a while"));
  }
  if (status >= 300 && status < 400) {
    return End(FetchEnd::Reason::kFatal,
               TaskError(ExitCode::kConfig,
                         failure.message +
                             ": a redirect that is not followed (AIRFLOW_VAR_STEAM_API_URL)"));
  }
  failure.message += ServerSentence(response.body);
  failure.received = std::move(response.body);
  if (!IsTransientStatus(status)) return Fail(*call, failure);
  Retry(std::move(call), std::move(failure), response.retry_after);
}

void Fetcher::Retry(std::unique_ptr<Call> call, FetchFailure&& failure,
                    std::chrono::seconds at_least) {
  const auto now = Clock::now();
  if (now >= run_.stop.work_until()) return End(FetchEnd::Reason::kStopped);
  if (now + at_least >= run_.stop.work_until()) {
    run_.result.retry_after = at_least;
    return End(FetchEnd::Reason::kFatal,
               TaskError(ExitCode::kTransient,
                         fmt::format("{}: the server asks to wait {} s, past the deadline",
                                     failure.message, at_least.count())));
  }
  paused_until_ = std::max(paused_until_, now + at_least);
  const auto wait = retry_policy_.Next(call->attempts, at_least);
  if (!wait) return Fail(*call, failure);
  run_.log.Warning(fmt::format("{}: trying again", failure.message));
  waiting_.emplace(now + *wait, std::move(call));
}

void Fetcher::Fail(const Call& call, const FetchFailure& failure) {
  run_.log.Warning(fmt::format("{}: giving up after {} attempts", failure.message, call.attempts));
  if (++failures_ >= kMostFailures) {
    End(FetchEnd::Reason::kFatal,
        TaskError(ExitCode::kTransient,
                  fmt::format("{} calls have failed, the last: {}", failures_, failure.message)));
  }
  call.fetch.fail(failure);
}

void Fetcher::End(FetchEnd::Reason reason, std::optional<TaskError> error) {
  // When the budget is spent, the calls under way still finish, and one of them may end the run for
  // another reason.
  const bool may_change = !end_ || (!IsOver() && reason != FetchEnd::Reason::kComplete);
  if (may_change) end_ = FetchEnd{reason, std::move(error)};
}

milliseconds Fetcher::UntilNextEvent() const {
  auto at = std::min(Clock::now() + kLongestWait, run_.stop.work_until());
  if (!waiting_.empty() && client_.HasRoom()) at = std::min(at, waiting_.begin()->first);
  if (Clock::now() < paused_until_)
    at = std::max(at, std::min(Clock::now() + kLongestWait, paused_until_));
  const auto left = std::chrono::ceil<milliseconds>(at - Clock::now());
  return std::max(left, milliseconds(0));
}

}  // namespace steamflow
