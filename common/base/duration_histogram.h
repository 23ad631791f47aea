#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace steamflow {

// Durations counted in the few ranges that the metrics tell of.
class DurationHistogram {
 public:
  // Seconds: a range ends at each, and a last one has no end.
  static constexpr std::array<double, 11> kEnds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                0.5,   1,    2.5,   10,   30};

  void Add(std::chrono::duration<double> duration) {
    const auto end = std::lower_bound(kEnds.begin(), kEnds.end(), duration.count());
    ++counts_[static_cast<std::size_t>(end - kEnds.begin())];
    sum_ += duration;
  }

  // Of each range, its end included.
  const std::array<std::uint64_t, kEnds.size() + 1>& counts() const { return counts_; }
  std::chrono::duration<double> sum() const { return sum_; }

 private:
  std::array<std::uint64_t, kEnds.size() + 1> counts_{};
  std::chrono::duration<double> sum_{0};
};

}  // namespace steamflow
