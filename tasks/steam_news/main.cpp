// The news of the configured apps that no earlier run has delivered: one record an item.

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "command.h"
#include "news_cursor.h"
#include "source.h"
#include "steam_api.h"
#include "steam_settings.h"
#include "steam_urls.h"
#include "topics.h"

namespace {

constexpr std::size_t kPageSize = 100;
constexpr std::size_t kLargestPage = 10'000;

// How far the pages of one app have got, from the newest item to older ones.
struct AppNews {
  std::uint32_t appid = 0;
  steamflow::NewsCursor cursor;
  std::uint64_t sent = 0;
  bool has_letters = false;
  std::size_t page_size = kPageSize;
  std::int64_t enddate = 0;         // the next page holds what is older; 0 = the newest
  std::int64_t edge_date = -1;      // of the oldest item so far
  std::set<std::string> edge_gids;  // the items of that second, which the next page repeats
};

}  // namespace

int main(int argc, char** argv) {
  using namespace steamflow;
  Command command("steam-news", "Puts the new news items of the configured apps into Kafka.",
                  "steam-news --sink stdout --steam-news-apps '[1623730]' --max-items 5");
  SourceOptions options{.topic = kNewsTopic};
  options.AddTo(command.flags());
  options.redis.AddTo(command.flags());
  std::string apps_flag;
  AddNewsAppsFlag(command.flags(), apps_flag);
  std::uint64_t max_items = 1000;
  command.flags()
      .Add("--max-items", max_items, "News items an app, the newest, in one run")
      .Range(std::uint64_t{1}, std::uint64_t{1'000'000});

  return command.Main(argc, argv, [&](Run& run) {
    const std::vector<std::uint32_t> appids = ReadNewsApps(apps_flag);
    const SourceConfig config = ReadSourceConfig(options, {.cursor = true}, run);
    Source source(run, config);
    std::vector<AppNews> apps;
    for (const std::uint32_t appid : appids) {
      apps.push_back({.appid = appid, .cursor = NewsCursor(appid, source.redis())});
    }
    steam_api::Parser parser;

    std::string value;
    const auto send_item = [&](const steam_api::NewsItem& item, std::uint64_t app) {
      const std::string event_id = fmt::format("{}/{}", config.topic, item.gid);
      value.clear();
      steam_api::AppendWithFields(value, item.record, false, {{"timestamp", config.Timestamp()}});
      source.Send(Record{item.gid, event_id, value}, app);
    };
    // Sends the items of a page that are new. Returns whether older pages may hold more of them.
    const auto take_page = [&](AppNews& news, const steam_api::News& page, std::uint64_t app) {
      const std::set<std::string> repeated = news.edge_gids;
      bool has_unseen = false;
      bool reached_old = false;
      for (const steam_api::NewsItem& item : page.items) {
        if (item.gid.empty() || item.date < 0) {
          const std::string key = fmt::format("{}/{}", config.topic, news.appid);
          source.Send(DeadLetter{key, key, item.json, "a news item without gid or date"}, app);
          news.has_letters = true;
          continue;
        }
        reached_old = reached_old || news.cursor.AreAllOld(item.date);
        if (news.cursor.IsOld(item.date, item.gid)) continue;
        if (item.date == news.edge_date && repeated.count(item.gid) > 0) continue;
        has_unseen = true;
        if (news.sent == max_items) {
          run.log.Warning(
              fmt::format("app {}: more than {} new items; the older ones are left out "
                          "(--max-items)",
                          news.appid, max_items));
          return false;
        }
        send_item(item, app);
        ++news.sent;
        news.cursor.Saw(item.date, item.gid);
        if (news.edge_date < 0 || item.date < news.edge_date) {
          news.edge_date = item.date;
          news.edge_gids.clear();
        }
        if (item.date == news.edge_date) news.edge_gids.insert(item.gid);
      }
      if (reached_old || page.items.size() < news.page_size) return false;
      // A page of nothing but the edge's own second: only a larger one can reach beyond it.
      if (!has_unseen) news.page_size *= 2;
      news.enddate = news.edge_date + 1;
      return news.page_size <= kLargestPage;
    };

    std::optional<std::string> failed;
    std::deque<std::size_t> to_ask;
    for (std::size_t app = 0; app < apps.size(); ++app) to_ask.push_back(app);
    const auto next = [&]() -> std::optional<Fetch> {
      if (to_ask.empty()) return std::nullopt;
      const std::size_t app = to_ask.front();
      to_ask.pop_front();
      AppNews& news = apps[app];
      Fetch fetch;
      fetch.item = fmt::format("app {}", news.appid);
      fetch.url = steam_api::NewsUrl(config.api_url, news.appid, news.page_size, news.enddate);
      fetch.accept = [&, app](HttpResponse& response) -> tl::expected<void, std::string> {
        const auto page = parser.ParseNews(response.body);
        if (!page) return tl::unexpected(page.error());
        if (take_page(news, *page, app)) {
          to_ask.push_back(app);
        } else {
          const Outcome nothing = page->is_known ? Outcome::kEmpty : Outcome::kAbsent;
          const bool has_any = news.sent > 0 || news.has_letters;
          source.items().Answered(app, has_any ? Outcome::kOk : nothing);
        }
        return {};
      };
      fetch.fail = [&](const FetchFailure& failure) { failed = failure.message; };
      return fetch;
    };

    const FetchEnd end = source.Fetch(next, apps.size());
    source.Drain();
    for (std::size_t app = 0; app < apps.size(); ++app) {
      if (!config.moves_cursor() || !source.items().IsDone(app)) continue;
      if (const auto moved = apps[app].cursor.Advance()) run.result.cursors.push_back(*moved);
    }
    source.WarnOfRepairs(parser.repaired());
    source.ThrowUnlessComplete(end, failed);
  });
}
