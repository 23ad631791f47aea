#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace steamflow {

// Returns whether a request that got this HTTP status may succeed later: 408, 429 and 5xx.
inline bool IsTransientStatus(int status) {
  return status == 408 || status == 429 || status >= 500;
}

// Decides whether and when a failed request is sent again. Each request may be retried a limited
// number of times (--retries). All requests of a run together get at most the larger of 10 retries
// and a fifth of the number of requests, so that retries add little load to a server in trouble.
class RetryPolicy {
 public:
  // `retries` is the limit per request, not counting its first attempt.
  explicit RetryPolicy(unsigned retries) : retries_(retries) {}

  // Records that a request is sent for the first time.
  void Count() { ++requests_; }

  // Grants a retry to a request that has failed `attempts` times (at least 1). Returns how long to
  // wait before it, or nullopt if the request must not be retried. `retry_after` is the delay that
  // the server asked for.
  std::optional<std::chrono::milliseconds> Next(unsigned attempts,
                                                std::chrono::seconds retry_after = {}) {
    const bool may_retry =
        attempts <= retries_ && granted_ < std::max<std::uint64_t>(kAlways, requests_ / 5);
    if (!may_retry) return std::nullopt;
    ++granted_;
    return Wait(attempts, retry_after);
  }

  // Returns how long to wait after the given number of attempts, regardless of the limits:
  // `retry_after` plus a random time of up to 200 ms after the first attempt. The upper bound
  // doubles with each further attempt, to at most 10 s. Drawing from the whole range (full jitter)
  // keeps requests that failed together from being retried together.
  std::chrono::milliseconds Wait(unsigned attempts, std::chrono::seconds retry_after = {}) {
    const auto longest = std::min(kLongest, kFirst * (1U << std::min(attempts - 1, 10U)));
    return retry_after +
           std::chrono::milliseconds(std::uniform_int_distribution<std::chrono::milliseconds::rep>(
               0, longest.count())(random_));
  }

 private:
  static constexpr std::uint64_t kAlways = 10;  // retries that even a run of few requests gets
  static constexpr std::chrono::milliseconds kFirst{200};
  static constexpr std::chrono::milliseconds kLongest{10'000};

  const unsigned retries_;
  std::uint64_t requests_ = 0;  // first attempts only
  std::uint64_t granted_ = 0;   // retries
  // Seeded differently in each process, so that shards that fail together do not retry together.
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace steamflow
