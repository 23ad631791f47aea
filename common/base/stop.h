#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "task_error.h"

namespace steamflow {

using Clock = std::chrono::steady_clock;

// Watches for everything that may end a run early: SIGTERM, SIGINT, the death of the parent
// process, and the deadline.
//
// The constructor blocks both signals in this thread and in every thread that it starts later, and
// asks the kernel to send SIGTERM when the parent dies. The signals are then read only here, so
// that a run ends at points where nothing is lost. Create the object before any other thread; all
// threads may use it.
class Stop {
 public:
  // Starts the clock: the run must be over after `deadline`.
  explicit Stop(std::chrono::milliseconds deadline);
  ~Stop();
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  // Returns SIGTERM or SIGINT if one has arrived, otherwise 0.
  int Signal() const;
  // Returns whether a signal has arrived, but leaves it on the descriptor: a thread that polls fd()
  // still sees it.
  bool HasSignal() const;
  // Returns the exit code for the signal that has arrived (kTerminated or kInterrupted), or nullopt
  // if none has.
  std::optional<ExitCode> CodeOfSignal() const;
  // Throws TaskError with that exit code if a signal has arrived.
  void ThrowIfSignalled() const;
  // Returns whether no new work may begin: a signal has arrived or `work_until` has passed.
  bool Requested() const;
  // Waits for `time`, or until a first signal arrives. Returns whether a signal has arrived.
  bool WaitFor(std::chrono::milliseconds time) const;
  // Waits until the descriptor `file` has something to read or has reached its end. Returns false
  // if a signal arrives or the run ends first.
  bool WaitForInput(int file) const;
  // Waits until the descriptor `file` is writable. Returns false if the run ends first; a signal
  // brings that end forward (see finish_by()) but does not end the wait by itself.
  bool WaitForOutput(int file) const;
  // Returns a descriptor for poll() that becomes readable when a signal arrives.
  int fd() const { return fd_; }

  // Returns when new work stops. The rest of the deadline (a fifth of it, at most 5 s) is left for
  // acknowledgements and for moving the cursor.
  Clock::time_point work_until() const { return work_until_; }
  // Returns when everything must be over: at the deadline, or 4.4 s after a signal if that is
  // sooner.
  Clock::time_point finish_by() const;
  // Returns the end of the run if no signal arrives.
  Clock::time_point deadline() const { return deadline_; }
  // Returns the time left until `finish_by`; never negative.
  std::chrono::milliseconds TimeLeft() const;

 private:
  // The signalfd. A signal stays on it until Signal() reads it.
  int fd_ = -1;
  // The first signal that was read. A second one changes nothing.
  mutable std::atomic<int> signal_ = 0;
  mutable std::atomic<Clock::time_point> signalled_at_{};  // written before signal_
  Clock::time_point deadline_;
  Clock::time_point work_until_;
};

}  // namespace steamflow
