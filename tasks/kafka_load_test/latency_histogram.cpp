#include "latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace steamflow {

// Each latency up to kSteps microseconds has its own range; above that, the leading bits choose the
// range.
void LatencyHistogram::Add(std::chrono::microseconds latency) {
  longest_ = std::max(longest_, latency);
  ++count_;
  const auto time = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  const auto power = static_cast<unsigned>(std::bit_width(time / kSteps));
  const std::uint64_t step = power == 0 ? time : (time >> (power - 1)) - kSteps;
  const auto range = static_cast<std::size_t>(power * kSteps + step);
  ++counts_[std::min(range, counts_.size() - 1)];
}

std::chrono::microseconds LatencyHistogram::Percentile(double part) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t range = 0; range < counts_.size(); ++range) {
    seen += counts_[range];
    if (seen < wanted || seen == 0) continue;
    const std::size_t power = range / kSteps;
    const std::uint64_t step = range % kSteps;
    // The longest latency in the range.
    const std::uint64_t end = power == 0 ? step : ((kSteps + step + 1) << (power - 1)) - 1;
    return std::min(longest_, std::chrono::microseconds(end));
  }
  return std::chrono::microseconds(0);
}

}  // namespace steamflow
