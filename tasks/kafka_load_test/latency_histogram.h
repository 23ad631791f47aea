#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace steamflow {

// Times, kept as counts of ranges, so that memory does not grow with their number. A range is at
// most 1/32 of its times wide.
class LatencyHistogram {
 public:
  void Add(std::chrono::microseconds latency);

  // A time that this part (0 to 1) of all times does not pass, 1/32 too long at most; 0 where there
  // are none.
  std::chrono::microseconds Percentile(double part) const;
  std::chrono::microseconds longest() const { return longest_; }
  std::uint64_t count() const { return count_; }

 private:
  static constexpr unsigned kSteps = 32;  // ranges between a power of two and the next
  static constexpr unsigned kPowers = 40;

  std::array<std::uint64_t, kSteps * kPowers> counts_{};
  std::uint64_t count_ = 0;
  std::chrono::microseconds longest_{0};
};

}  // namespace steamflow
