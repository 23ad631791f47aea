#include "watchdog.h"

#include <unistd.h>

#include <algorithm>
#include <future>
#include <system_error>
#include <utility>

#include "detached_call.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAfterDeadline(4'000);
constexpr milliseconds kAfterSignal(4'600);
constexpr milliseconds kSignalCheckInterval(100);
constexpr milliseconds kForReport(350);

}  // namespace

Watchdog::Watchdog(const Stop& stop, std::function<ExitCode()> report)
    : stop_(stop), report_(std::move(report)), thread_([this] { Watch(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::Watch() {
  if (IsOverBeforeGivenUp()) return;
  // If even the report hangs, stdout is a pipe that nobody reads, or a file system does not
  // respond.
  std::future<ExitCode> code;
  try {
    code = Detach(report_);
  } catch (const std::system_error&) {  // no more threads can be started
    ::_exit(static_cast<int>(report_()));
  }
  const bool is_told = code.wait_for(kForReport) == std::future_status::ready;
  ::_exit(
      static_cast<int>(is_told ? code.get() : stop_.CodeOfSignal().value_or(ExitCode::kOutput)));
}

// Waits until the run is over or must be given up. The signal is left on the descriptor for the
// threads that wait for it in poll().
bool Watchdog::IsOverBeforeGivenUp() {
  auto give_up = stop_.deadline() + kAfterDeadline;
  bool has_signal = false;
  std::unique_lock lock(mutex_);
  for (auto now = Clock::now(); now < give_up; now = Clock::now()) {
    if (!has_signal && stop_.HasSignal()) {
      has_signal = true;
      give_up = std::min(give_up, now + kAfterSignal);
    }
    if (changed_.wait_until(lock, std::min(give_up, now + kSignalCheckInterval),
                            [&] { return is_over_; })) {
      return true;
    }
  }
  return false;
}

}  // namespace steamflow
