#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steamflow::standin {

/// News that a test has given to apps, in place of those of news.h: so an item can come late, be
/// edited, or stand in the feeds of several apps. Safe to use from several threads.
class NewsFeeds {
 public:
  /// The app's news from now on: a JSON array of items, in any order. Throws std::invalid_argument
  /// where it is none.
  void Set(std::uint32_t appid, std::string_view items);
  void Clear();

  /// The response of GetNewsForApp, as news.h says; nothing where the app was given none. An item
  /// without a date comes last.
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
