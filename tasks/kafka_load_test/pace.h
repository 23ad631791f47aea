#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "stop.h"

namespace steamflow {

// Tells when the n-th record is due, for a rate per second that begins now.
class Pace {
 public:
  // Starts the clock. Without a rate, every record is due at once.
  explicit Pace(std::optional<double> per_second) : per_second_(per_second) {}

  // Returns the time until record `n` is due, rounded up to milliseconds. Returns 0 if it is
  // already due or if there is no rate.
  std::chrono::milliseconds Until(std::uint64_t n) const {
    if (!per_second_) return {};
    const std::chrono::duration<double> after(static_cast<double>(n) / *per_second_);
    const auto left = after - std::chrono::duration<double>(Clock::now() - started_);
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(left),
                    std::chrono::milliseconds(0));
  }

 private:
  const std::optional<double> per_second_;
  // The due times are counted from the start and not from the record before, so a delay is caught
  // up and the average rate stays exact.
  const Clock::time_point started_ = Clock::now();
};

}  // namespace steamflow
