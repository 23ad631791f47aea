#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace steamflow::standin {

// News of an app, by appid:
//   unknown (apps.h), and 480                    refused: 403 and {}
//   any that ends in 999                         none
//   any that ends in 441                         those of the app before it: this one is its DLC
//   any that ends in 777                         2,500 items
//   any that ends in 888                         30 items, the fourth newest of 2 MiB
//   all others                                   30 items
//
// The contents of an item are 1 to 3 KB of markup, those of the eighth newest item 64 KiB. Every
// third item has tags. Items run from the newest to the oldest. Item i, from 0, has the same date
// as item i - 1 if i is divisible by 5, or if i - 1 is divisible by 10 (except for item 1). The
// boundary of every page whose size is divisible by 5 therefore falls inside one second. The order
// of the gids is unrelated to that of the dates.

/// The identity and date of a news item.
struct NewsItem {
  std::uint64_t gid;
  std::uint32_t date;  // seconds since the Unix epoch
};

/// Returns whether GetNewsForApp has a response for the app. It has none for some apps that exist.
bool HasNewsFeed(std::uint32_t appid);

/// Returns all news of the app, newest first.
std::vector<NewsItem> NewsOf(std::uint32_t appid);

/// Returns the response of GetNewsForApp: the newest `count` items with a date of `enddate` or
/// before. Its member `count` is the number of all items of the app.
std::string NewsForApp(std::uint32_t appid, std::uint32_t count = 20,
                       std::optional<std::uint32_t> enddate = std::nullopt);

}  // namespace steamflow::standin
