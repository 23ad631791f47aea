#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace steamflow {

// Counts durations in a fixed set of ranges, as a Prometheus histogram needs them.
class DurationHistogram {
 public:
  // The upper end of each range, in seconds. One more range, without an upper end, follows the
  // last.
  static constexpr std::array<double, 11> kEnds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                0.5,   1,    2.5,   10,   30};

  // A negative duration belongs to the first range. Not thread-safe.
  void Add(std::chrono::duration<double> duration) {
    const auto end = std::lower_bound(kEnds.begin(), kEnds.end(), duration.count());
    ++counts_[static_cast<std::size_t>(end - kEnds.begin())];
    sum_ += duration;
  }

  // Returns the count of each range. A duration that equals the end of a range belongs to that
  // range.
  const std::array<std::uint64_t, kEnds.size() + 1>& counts() const { return counts_; }
  std::chrono::duration<double> sum() const { return sum_; }

 private:
  // The counts are not cumulative; the metrics add them up, as Prometheus requires.
  std::array<std::uint64_t, kEnds.size() + 1> counts_{};
  std::chrono::duration<double> sum_{0};
};

}  // namespace steamflow
