#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "task_error.h"

namespace steamflow {

using Clock = std::chrono::steady_clock;

// What may end a run early: SIGTERM, SIGINT, the death of the parent process, the deadline.
//
// The constructor blocks both signals for this thread and every thread it starts later, and asks
// the kernel for SIGTERM when the parent dies; from then on they are read here, at the points where
// a run can be left without losing anything. Made before any other thread; all of them may ask it.
class Stop {
 public:
  // The clock starts now: everything is to be over in `deadline`.
  explicit Stop(std::chrono::milliseconds deadline);
  ~Stop();
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  // SIGTERM or SIGINT once one has come, else 0.
  int Signal() const;
  // Whether one has come, told without taking it off the descriptor: who polls that sees it still.
  bool HasSignal() const;
  // The exit code after it: kTerminated or kInterrupted.
  std::optional<ExitCode> CodeOfSignal() const;
  // Throws TaskError with that code once one has come.
  void ThrowIfSignalled() const;
  // No new work: a signal has come or `work_until` has passed.
  bool Requested() const;
  // Waits for `time`, which the first signal cuts short. Whether one has come.
  bool WaitFor(std::chrono::milliseconds time) const;
  // Waits until there is something to read from `file`, a descriptor, or it has ended. False where
  // a signal comes before, or the end of the run.
  bool WaitForInput(int file) const;
  // Waits until `file` takes something, until the end of the run; after a signal that comes soon.
  bool WaitForOutput(int file) const;
  // Becomes readable when a signal comes, for poll().
  int fd() const { return fd_; }

  // When new requests end: the deadline less what acknowledgements and the cursor may take (a
  // fifth of it, at most 5 s).
  Clock::time_point work_until() const { return work_until_; }
  // When everything ends: the deadline, or 4.4 s after a signal if that is sooner.
  Clock::time_point finish_by() const;
  // Where no signal comes.
  Clock::time_point deadline() const { return deadline_; }
  // Time left until `finish_by`, never negative.
  std::chrono::milliseconds TimeLeft() const;

 private:
  int fd_ = -1;
  mutable std::atomic<int> signal_ = 0;
  mutable std::atomic<Clock::time_point> signalled_at_{};  // set before signal_
  Clock::time_point deadline_;
  Clock::time_point work_until_;
};

}  // namespace steamflow
