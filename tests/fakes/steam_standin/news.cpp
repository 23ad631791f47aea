#include "steam_standin/news.h"

#include <array>
#include <string_view>

#include "steam_standin/apps.h"
#include "steam_standin/mix.h"

namespace steamflow::standin {
namespace {

constexpr std::uint32_t kNewestDate = 1'750'000'000;
constexpr std::size_t kLongItem = 7;
constexpr std::size_t kHugeItem = 3;

// JSON text without its quotes.
constexpr std::array<std::string_view, 6> kTitles{
    "Patch notes",
    "1.0.2 업데이트 안내",
    "\\\"Big\\\" update & more <3",
    "Weekend sale 🎉",
    "\\ub300\\uaddc\\ubaa8 \\uc5c5\\ub370\\uc774\\ud2b8 \\ud83d\\udd25",
    "Hotfix: C:\\\\Games\\\\save",
};
constexpr std::array<std::string_view, 5> kParagraphs{
    "[h1]What is new[/h1]\\n[list]\\n[*]Fixed a crash when loading\\n[*]New map\\n[/list]\\n",
    "<a href=\\\"https://example.com/?a=1&b=2\\\">Read "
    "on</a><br/>\\r\\n{STEAM_CLAN_IMAGE}/1/a.png ",
    "안녕하세요, 여러분! 이번 업데이트에서는 서버 안정성이 크게 개선되었습니다. 감사합니다. 🙇\\n",
    "[url=https://store.steampowered.com/app/1]store\\/page[/url]\\t— \\u201cquoted\\u201d "
    "\\\\o\\/ ",
    "Plain text, with 100% more words than before; see the forum for known issues.\\n",
};

std::size_t ItemCount(std::uint32_t appid) {
  if (!HasNewsFeed(appid) || appid % 1000 == 999) return 0;
  return appid % 1000 == 777 ? 2500 : 30;
}

std::size_t ContentsLength(std::uint32_t appid, std::size_t index, std::uint64_t hash) {
  if (appid % 1000 == 888 && index == kHugeItem) return 2 * 1024 * 1024;
  return index == kLongItem ? 64 * 1024 : 1000 + hash % 2000;
}

void AppendContents(std::string& json, std::size_t length, std::uint64_t hash) {
  const auto end = json.size() + length;
  while (json.size() < end) json += kParagraphs[hash++ % kParagraphs.size()];
}

void AppendItem(std::string& json, std::uint32_t appid, const NewsItem& item, std::size_t index) {
  const auto hash = Mix(item.gid);
  const auto gid = std::to_string(item.gid);
  const auto app = std::to_string(appid);
  const bool from_developer = hash % 4 != 0;
  json.append(R"({"gid":")").append(gid);
  json.append(R"(","title":")").append(kTitles[hash % kTitles.size()]);
  json.append(R"(","url":"https://steamstore-a.akamaihd.net/news/externalpost/steam/)").append(gid);
  json.append(R"(","is_external_url":)").append(from_developer ? "true" : "false");
  json.append(R"(,"author":")").append(hash % 5 == 0 ? "" : "개발팀 / team");
  json += R"(","contents":")";
  AppendContents(json, ContentsLength(appid, index, hash), hash);
  json.append(R"(","feedlabel":")").append(from_developer ? "Community Announcements" : "PC Gamer");
  json.append(R"(","date":)").append(std::to_string(item.date));
  json.append(R"(,"feedname":")");
  json.append(from_developer ? "steam_community_announcements" : "PC Gamer");
  json.append(R"(","feed_type":)").append(from_developer ? "1" : "0");
  json.append(R"(,"appid":)").append(app);
  if (index % 3 == 0) json += R"(,"tags":["patchnotes","mod_reviewed"])";
  json += '}';
}

// Returns the app whose news the app shows.
std::uint32_t OwnerOf(std::uint32_t appid) {
  return appid % 1000 == 441 ? appid - 1 : appid;
}

}  // namespace

bool HasNewsFeed(std::uint32_t appid) {
  return AppExists(appid) && appid != 480;
}

std::vector<NewsItem> NewsOf(std::uint32_t appid) {
  appid = OwnerOf(appid);
  std::vector<NewsItem> items(ItemCount(appid));
  std::uint32_t date = kNewestDate - static_cast<std::uint32_t>(Mix(appid) % 86'400);
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    const bool shares_date = i > 1 && (i % 5 == 0 || i % 10 == 1);
    if (!shares_date) date -= 3'600;
    // 7919 and 10,000 are coprime: each item gets a gid of its own, in no order.
    items[i] = {5'000'000'000'000'000'000u + appid * 10'000ull + i * 7919ull % 10'000, date};
  }
  return items;
}

std::string NewsForApp(std::uint32_t appid, std::uint32_t count,
                       std::optional<std::uint32_t> enddate) {
  const auto items = NewsOf(appid);
  std::string json = R"({"appnews":{"appid":)" + std::to_string(appid) + R"(,"newsitems":[)";
  std::uint32_t shown = 0;
  for (std::size_t i = 0; i < items.size() && shown < count; ++i) {
    if (enddate && items[i].date > *enddate) continue;
    if (shown++ > 0) json += ',';
    AppendItem(json, OwnerOf(appid), items[i], i);
  }
  return json + R"(],"count":)" + std::to_string(items.size()) + "}}";
}

}  // namespace steamflow::standin
