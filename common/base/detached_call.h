#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <thread>
#include <utility>

#include "stop.h"

namespace steamflow {

// Runs `function` on a detached thread and returns the future of its result. The caller may drop
// the future at any time; the thread then runs to its end and its result is discarded. `function`
// must own everything that it uses, because it can outlive the caller.
template <typename T>
std::future<T> Detach(std::function<T()> function) {
  std::packaged_task<T()> task(std::move(function));
  std::future<T> result = task.get_future();
  std::thread(std::move(task)).detach();
  return result;
}

// Calls `function` on a detached thread and waits for its result until `until` or the end of the
// run, whichever comes first. Returns nullopt if the call has not returned by then. This is for
// library calls that cannot be interrupted, such as name lookups.
template <typename T>
std::optional<T> CallDetached(std::function<T()> function, const Stop& stop,
                              Clock::time_point until) {
  constexpr std::chrono::milliseconds kSignalCheckInterval(20);
  std::future<T> result = Detach(std::move(function));
  while (result.wait_for(kSignalCheckInterval) != std::future_status::ready) {
    if (Clock::now() >= std::min(until, stop.finish_by())) return std::nullopt;
  }
  return result.get();
}

}  // namespace steamflow
