#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace steamflow::standin {

// News of an app, by appid:
//   unknown (apps.h), and 480                    refused: 403 and {}
//   any that ends in 999                         none
//   any that ends in 441                         those of the app before it, whose DLC it is
//   any that ends in 777                         2,500 items
//   any that ends in 888                         30 items, the fourth newest of 2 MiB
//   all others                                   30 items
//
// Contents are 1-3 KB of markup, those of the eighth newest item 64 KiB. Every third item has tags.
// Items run from the newest to the oldest; item i, from 0, has the date of item i - 1 where 5
// divides i or 10 divides i - 1 (but for item 1). So the edge of any page whose size 5 divides
// falls inside one second. The gid says nothing about the order.

struct NewsItem {
  std::uint64_t gid;
  std::uint32_t date;  // seconds since the Unix epoch
};

/// Whether GetNewsForApp answers for the app, as it does not for some that exist.
bool HasNewsFeed(std::uint32_t appid);

/// All news of the app, newest first.
std::vector<NewsItem> NewsOf(std::uint32_t appid);

/// The response of GetNewsForApp: the newest `count` items of `enddate` or before.
/// Its member count is that of all items of the app.
std::string NewsForApp(std::uint32_t appid, std::uint32_t count = 20,
                       std::optional<std::uint32_t> enddate = std::nullopt);

}  // namespace steamflow::standin
