#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace steamflow {

// How long to wait before another attempt: a random time up to 200 ms after the first failure, up
// to twice as long after each further one, 10 s at most. With this full jitter, what failed
// together does not come back together.
class Backoff {
 public:
  std::chrono::milliseconds After(unsigned failures) {
    const auto longest = std::min(kLongest, kFirst * (1U << std::min(failures - 1, 10U)));
    return std::chrono::milliseconds(
        std::uniform_int_distribution<std::chrono::milliseconds::rep>(0, longest.count())(random_));
  }

 private:
  static constexpr std::chrono::milliseconds kFirst{200};
  static constexpr std::chrono::milliseconds kLongest{10'000};
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace steamflow
