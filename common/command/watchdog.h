#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "stop.h"
#include "task_error.h"

namespace steamflow {

// Ends the process where the run does not end by itself: libraries wait for name servers and in
// their own shutdown, where nothing reaches them. It gives up a run 4 s after its deadline, and
// just before the 5 s after a signal are over.
class Watchdog {
 public:
  // `report` says what became of the run, on a thread of its own beside the run's, and returns the
  // exit code of the process. It has less than a second. `stop` must outlive this.
  Watchdog(const Stop& stop, std::function<ExitCode()> report);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void Watch();
  bool IsOverBeforeGivenUp();

  const Stop& stop_;
  const std::function<ExitCode()> report_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace steamflow
