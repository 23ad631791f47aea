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

// Runs `function` on a thread that nobody has to wait for: the future may be dropped at any time,
// and what comes later goes with it. `function` must own all that it uses.
template <typename T>
std::future<T> Detach(std::function<T()> function) {
  std::packaged_task<T()> task(std::move(function));
  std::future<T> result = task.get_future();
  std::thread(std::move(task)).detach();
  return result;
}

// For calls of libraries that look up a name, or otherwise wait for what nothing can end: waits for
// the call until `until`, and no longer than the run. Nothing where it was not over by then.
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
