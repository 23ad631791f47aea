#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "stop.h"
#include "task_error.h"

namespace steamflow {

// Ends the process if the run does not end by itself. Libraries may wait for name servers, or in
// their own shutdown, where nothing can interrupt them. A run is given up 4 s after its deadline,
// or 4.6 s after a signal, which is just before the 5 s after a signal are over.
class Watchdog {
 public:
  // Starts to watch. `report` reports the end of the run and returns the exit code of the process.
  // It is called on its own thread while the run is still stuck, and has 350 ms. `stop` must
  // outlive this object.
  Watchdog(const Stop& stop, std::function<ExitCode()> report);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  // The function of the thread. It ends the process with _exit(), because destructors could hang
  // too.
  void Watch();
  // Returns true if the object is destroyed in time.
  bool IsOverBeforeGivenUp();

  const Stop& stop_;
  const std::function<ExitCode()> report_;
  // Guards is_over_.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace steamflow
