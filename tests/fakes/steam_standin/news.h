#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace steamflow::standin {

// News of an app, by appid:
//   unknown apps (apps.h), and any that ends in 999   none
//   any that ends in 777                              2,500 items
//   any that ends in 888                              30 items, the fourth newest with contents of
//   2 MiB all others                                        30 items; the eighth newest has
//   contents of 64 KiB
//
// Items run from the newest to the oldest. Item i has the date of item i - 1 when i is divisible by
// 5, or by 10 after taking away 1: whatever the page size, as long as 5 divides it, the page's edge
// falls inside one second. The gid says nothing about the order. Every third item has tags;
// contents are 1-3 KB of markup.

struct NewsItem {
  std::uint64_t gid;
  std::uint32_t date;  // seconds since the Unix epoch
};

/// All news of the app, newest first.
std::vector<NewsItem> NewsOf(std::uint32_t appid);

/// The answer of GetNewsForApp: the newest `count` items that are strictly older than `enddate`.
/// Its member count is that of all items of the app.
std::string NewsForApp(std::uint32_t appid, std::uint32_t count = 20,
                       std::optional<std::uint32_t> enddate = std::nullopt);

}  // namespace steamflow::standin
