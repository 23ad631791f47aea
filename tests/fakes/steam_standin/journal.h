#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "steam_standin/api_call.h"

namespace steamflow::standin {

/// The API calls that were received, oldest first. Keeps the last 100,000 calls, or fewer if they
/// contain more than a million ids. Thread-safe.
class Journal {
 public:
  void Add(const ApiCall& call);
  void Clear();

  /// Returns a JSON array of {"method","ids" or "appid","count","enddate","key_in","http","at_ms"}.
  /// Parameters that were not sent are left out; at_ms counts from the start of the program on the
  /// monotonic clock.
  std::string Json() const;

  /// Returns the number of calls since the last Clear, including those that are no longer kept.
  std::uint64_t total() const;

 private:
  struct Entry {
    ApiCall call;
    std::int64_t at_ms;
  };

  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
  std::size_t ids_kept_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace steamflow::standin
