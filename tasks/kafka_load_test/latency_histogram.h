#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace steamflow {

// Counts latencies in ranges, so that memory does not grow with their number. The width of a range
// is at most 1/32 of the latencies in it.
class LatencyHistogram {
 public:
  // A negative latency counts as 0. Up to 32 us every microsecond has its own range.
  void Add(std::chrono::microseconds latency);

  // Returns a latency that the given part (0 to 1) of all latencies does not exceed. It is at most
  // 1/32 too long. Returns 0 if there are no latencies.
  std::chrono::microseconds Percentile(double part) const;
  std::chrono::microseconds longest() const { return longest_; }
  std::uint64_t count() const { return count_; }

 private:
  // The counts take 10 KiB, however many records the test produces.
  static constexpr unsigned kSteps = 32;  // ranges between two powers of two
  // Enough for latencies of 200 days. Longer ones are counted in the last range.
  static constexpr unsigned kPowers = 40;

  std::array<std::uint64_t, kSteps * kPowers> counts_{};
  std::uint64_t count_ = 0;
  std::chrono::microseconds longest_{0};
};

}  // namespace steamflow
