#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steamflow::standin {

/// News that a test has set for apps, in place of those of news.h. With these an item can arrive
/// late, be edited, or appear in the feeds of several apps. Thread-safe.
class NewsFeeds {
 public:
  /// Sets the app's news to a JSON array of items, in any order. Throws std::invalid_argument if it
  /// is not such an array.
  void Set(std::uint32_t appid, std::string_view items);
  void Clear();

  /// Returns the response of GetNewsForApp as described in news.h, or nullopt if no news was set
  /// for the app. Items without a date come last.
  std::optional<std::string> NewsForApp(std::uint32_t appid, std::uint32_t count,
                                        std::optional<std::uint32_t> enddate) const;

 private:
  struct Item {
    std::int64_t date = 0;
    std::string json;
  };

  mutable std::mutex mutex_;
  std::map<std::uint32_t, std::vector<Item>> feeds_;  // newest first
};

}  // namespace steamflow::standin
