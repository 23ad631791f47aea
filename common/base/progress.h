#pragma once

#include <cstdint>

#include "log.h"
#include "stop.h"

namespace steamflow {

// The progress line of a terminal: items done, items per second, retries.
class Progress {
 public:
  // `log` must outlive this object. `total` is the number of items of the run.
  Progress(Log& log, std::uint64_t total) : log_(log), total_(total) {}
  // Redraws the line, at most five times per second.
  void Show(std::uint64_t done, std::uint64_t retries);

 private:
  Log& log_;
  const std::uint64_t total_;
  const Clock::time_point started_ = Clock::now();
  Clock::time_point drawn_{};
};

}  // namespace steamflow
