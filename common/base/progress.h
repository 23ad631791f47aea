#pragma once

#include <cstdint>

#include "log.h"
#include "stop.h"

namespace steamflow {

// The progress line of a terminal: items done, items a second, retries. Redrawn five times a second
// at most.
class Progress {
 public:
  Progress(Log& log, std::uint64_t total) : log_(log), total_(total) {}
  void Show(std::uint64_t done, std::uint64_t retries);

 private:
  Log& log_;
  const std::uint64_t total_;
  const Clock::time_point started_ = Clock::now();
  Clock::time_point drawn_{};
};

}  // namespace steamflow
