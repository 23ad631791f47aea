#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace steamflow {

// Which failures of HTTP time may mend: 408, 429, 5xx.
inline bool IsTransientStatus(int status) {
  return status == 408 || status == 429 || status >= 500;
}

// Whether, and when, a request that has failed is sent again: so often each (--retries), and in all
// the larger of 10 and a fifth of the requests, so that a server in trouble gets little more work
// than a healthy one.
class RetryPolicy {
 public:
  // `retries` of a request, after its first attempt.
  explicit RetryPolicy(unsigned retries) : retries_(retries) {}

  // A request is sent for the first time.
  void Count() { ++requests_; }

  // How long to wait before the next attempt of a request that has had `attempts`, at least 1;
  // nothing where there is to be none. `retry_after` is what the server asks for.
  std::optional<std::chrono::milliseconds> Next(unsigned attempts,
                                                std::chrono::seconds retry_after = {}) {
    const bool may_retry =
        attempts <= retries_ && granted_ < std::max<std::uint64_t>(kAlways, requests_ / 5);
    if (!may_retry) return std::nullopt;
    ++granted_;
    return Wait(attempts, retry_after);
  }

  // The same without limits: a random time up to 200 ms after the first failure, up to twice as
  // long after each further one, 10 s at most. With this full jitter, what failed together does not
  // come back together.
  std::chrono::milliseconds Wait(unsigned attempts, std::chrono::seconds retry_after = {}) {
    const auto longest = std::min(kLongest, kFirst * (1U << std::min(attempts - 1, 10U)));
    return retry_after +
           std::chrono::milliseconds(std::uniform_int_distribution<std::chrono::milliseconds::rep>(
               0, longest.count())(random_));
  }

 private:
  static constexpr std::uint64_t kAlways = 10;  // retries of a run, however few its requests
  static constexpr std::chrono::milliseconds kFirst{200};
  static constexpr std::chrono::milliseconds kLongest{10'000};

  const unsigned retries_;
  std::uint64_t requests_ = 0;  // without their further attempts
  std::uint64_t granted_ = 0;   // further attempts
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace steamflow
