#include "steam_standin/news_feeds.h"

#include <simdjson.h>

#include <algorithm>
#include <stdexcept>

namespace steamflow::standin {

void NewsFeeds::Set(std::uint32_t appid, std::string_view items) {
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  if (parser.parse(items.data(), items.size()).get(array) != simdjson::SUCCESS) {
    throw std::invalid_argument("news are a JSON array");
  }
  std::vector<Item> feed;
  for (const simdjson::dom::element element : array) {
    Item item;
    if (element["date"].get(item.date) != simdjson::SUCCESS) item.date = 0;
    item.json = simdjson::minify(element);
    feed.push_back(std::move(item));
  }
  std::stable_sort(feed.begin(), feed.end(),
                   [](const Item& a, const Item& b) { return a.date > b.date; });
  const std::lock_guard lock(mutex_);
  feeds_[appid] = std::move(feed);
}

void NewsFeeds::Clear() {
  const std::lock_guard lock(mutex_);
  feeds_.clear();
}

std::optional<std::string> NewsFeeds::NewsForApp(std::uint32_t appid, std::uint32_t count,
                                                 std::optional<std::uint32_t> enddate) const {
  const std::lock_guard lock(mutex_);
  const auto feed = feeds_.find(appid);
  if (feed == feeds_.end()) return std::nullopt;
  std::string json = R"({"appnews":{"appid":)" + std::to_string(appid) + R"(,"newsitems":[)";
  std::uint32_t shown = 0;
  for (const Item& item : feed->second) {
    if (shown == count) break;
    if (enddate && item.date > std::int64_t{*enddate}) continue;
    if (shown++ > 0) json += ',';
    json += item.json;
  }
  return json + R"(],"count":)" + std::to_string(feed->second.size()) + "}}";
}

}  // namespace steamflow::standin
