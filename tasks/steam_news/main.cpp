// Produces the news items of the configured apps that no earlier run has delivered, one record for
// each edition of an item.

#include <fmt/format.h>

#include <deque>

#include "command.h"
#include "news_feed.h"
#include "news_window.h"
#include "source.h"
#include "steam_api.h"
#include "steam_settings.h"
#include "steam_urls.h"
#include "topics.h"

namespace {

using namespace steamflow;

std::vector<NewsFeed> MakeFeeds(const std::vector<std::uint32_t>& appids, const std::string& topic,
                                RedisClient* redis, std::uint64_t max_items) {
  const std::int64_t now = Now().time_since_epoch().count();
  std::vector<NewsFeed> feeds;
  for (const std::uint32_t appid : appids) {
    const std::string key = NewsWindowKey(appid, topic);
    auto kept = redis ? NewsWindowIn(*redis, key).read() : NewsWindow::Fields();
    feeds.emplace_back(NewsWindow(key, std::move(kept), now), max_items);
  }
  return feeds;
}

}  // namespace

int main(int argc, char** argv) {
  Command command("steam-news", "Puts the new news items of the configured apps into Kafka.",
                  "steam-news --sink stdout --steam-news-apps '[1623730]' --max-items 5",
                  SourceParts);
  SourceOptions options{.topic = kNewsTopic};
  options.AddTo(command.flags());
  options.redis.AddTo(command.flags());
  std::string apps_flag;
  AddNewsAppsFlag(command.flags(), apps_flag);
  std::uint64_t max_items = 1000;
  command.flags()
      .Add("--max-items", max_items,
           "Maximum number of news items of an app in its first run; the newest are taken")
      .Range(std::uint64_t{1}, std::uint64_t{1'000'000});

  return command.Main(argc, argv, [&](Run& run) {
    const std::vector<std::uint32_t> appids = ReadNewsApps(apps_flag);
    const SourceConfig config = ReadSourceConfig(options, {.cursor = true}, run);
    Source source(run, config);
    std::vector<NewsFeed> feeds = MakeFeeds(appids, config.topic, source.redis(), max_items);
    steam_api::NewsParser parser;

    std::string value;
    const auto send_item = [&](const steam_api::NewsItem& item, std::size_t app) {
      const std::string prefix = fmt::format("{}/{}/", config.topic, appids[app]);
      if (item.is_broken()) {
        const std::string id = prefix + LetterId(item);
        const std::string reason = "a broken news item: " + item.fault;
        source.Send(DeadLetter{id, id, item.json, reason}, app);
        return;
      }
      value.clear();
      steam_api::AppendWithFields(
          value, item.record, false,
          {{"feed_appid", fmt::to_string(appids[app])}, {"timestamp", config.Timestamp()}});
      const std::string event_id = fmt::format("{}{}/{}", prefix, item.gid, item.edition);
      source.Send(Record{item.gid, event_id, value}, app);
    };

    std::optional<std::string> failed;
    std::deque<std::size_t> to_ask;
    for (std::size_t app = 0; app < appids.size(); ++app) to_ask.push_back(app);
    const auto take_page = [&](const steam_api::News& page, std::size_t app) {
      NewsFeed& feed = feeds[app];
      for (const steam_api::NewsItem* item : feed.Take(page)) send_item(*item, app);
      if (feed.has_left_out()) {
        run.log.Warning(
            fmt::format("app {}: more than {} items; the older ones are left out "
                        "(--max-items)",
                        appids[app], max_items));
      }
      if (!feed.is_over()) return to_ask.push_back(app);
      if (feed.has_unreachable()) {
        run.log.Warning(
            fmt::format("app {}: more items have the same date than fit into a page of the API; "
                        "the others cannot be read",
                        appids[app]));
      }
      if (feed.is_out_of_order()) {
        failed = fmt::format(
            "app {}: its news items are not sorted newest first, and do not fit into one page of "
            "the API",
            appids[app]);
        return;
      }
      const Outcome nothing = page.is_known ? Outcome::kEmpty : Outcome::kAbsent;
      source.items().Answered(app, feed.has_delivered() ? Outcome::kOk : nothing);
    };

    const auto next = [&]() -> std::optional<Fetch> {
      if (to_ask.empty()) return std::nullopt;
      const std::size_t app = to_ask.front();
      to_ask.pop_front();
      NewsFeed& feed = feeds[app];
      Fetch fetch;
      fetch.item = fmt::format("app {}", appids[app]);
      fetch.url = steam_api::NewsUrl(config.api_url, appids[app], feed.count(), feed.enddate());
      fetch.accept = [&, app](HttpResponse& response) -> tl::expected<void, std::string> {
        auto page = parser.Parse(response.body);
        if (!page) {
          // A retry may get an intact body, unless the broken items are known from earlier runs.
          auto salvaged = parser.Salvage(response.body);
          if (!salvaged || !feed.KnowsTheBroken(*salvaged)) return tl::unexpected(page.error());
          page = std::move(salvaged);
        }
        if (!page->is_known && feed.has_begun()) {
          return tl::unexpected(
              std::string("no such app, although a page of its news came before"));
        }
        take_page(*page, app);
        return {};
      };
      fetch.fail = [&, app](const FetchFailure& failure) {
        if (failure.is_bad_body) {
          const auto page = parser.Salvage(failure.received);
          if (page && page->is_known) return take_page(*page, app);
        }
        failed = failure.message;
      };
      return fetch;
    };

    const FetchEnd end = source.FetchAll(next, appids.size());
    source.FlushWithDeadLetters();
    for (std::size_t app = 0; app < appids.size(); ++app) {
      if (!config.moves_cursor() || !source.items().IsDone(app)) continue;
      const NewsWindow& window = feeds[app].window();
      const auto moved = MoveNewsWindow(NewsWindowIn(*source.redis(), window.key()), window);
      if (moved) run.AddCursor(*moved);
    }
    source.WarnOfRepairs(parser.repaired());
    source.ThrowUnlessComplete(end, failed);
  });
}
