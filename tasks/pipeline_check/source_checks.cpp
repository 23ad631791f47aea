#include "source_checks.h"

#include <fmt/format.h>

#include "news_window.h"
#include "steam_urls.h"
#include "topics.h"
#include "walk.h"

namespace steamflow {

std::string CheckSourceSettings(const SourceSettings& settings) {
  std::vector<TaskError> wrong;
  const auto look = [&](const auto& setting) {
    if (!setting) wrong.push_back(setting.error());
  };
  look(settings.games);
  look(settings.news_apps);
  look(settings.timezone);
  look(settings.call_budget);
  if (!wrong.empty()) throw Combine(wrong);
  return fmt::format("games: {}, apps with news: {}", settings.games->size(),
                     settings.news_apps->size());
}

std::string CheckKey(const SourceSettings& settings, ApiProbe& probe, CallBudget* budget) {
  ValueOf(settings.api_key);
  if (ValueOf(settings.call_budget)) ValueOf(settings.redis);
  probe.AskProfile(ValueOf(settings.api_url));
  if (!budget) return "accepted";
  return fmt::format("accepted; {} of {} calls of today are used", budget->Used(), budget->limit());
}

namespace {

// Returns the walk with the cursor `key`, or each of its shards if it is sharded.
std::vector<WalkOptions> WalksOf(const std::string& key, RedisClient& redis) {
  const auto text = redis.Command({"GET", key + ":grid"}).OptionalText();
  const auto grid = ParseWalkGrid(text.value_or(""));
  if (!grid) return {{.cursor_key = key, .start_id = steam_api::kHighestId}};
  std::vector<WalkOptions> shards;
  for (std::uint64_t i = 0; i < grid->shard.count; ++i) {
    shards.push_back({.cursor_key = key,
                      .start_id = grid->start_id,
                      .count = grid->count,
                      .shard = fmt::format("{}/{}", i, grid->shard.count)});
  }
  return shards;
}

}  // namespace

std::string CheckRedis(const RedisSettings& settings, const std::vector<std::uint32_t>& news_apps,
                       Run& run) {
  RedisClient redis(settings, run.stop);
  redis.Command({"PING"});
  std::vector<TaskError> wrong;
  const auto check = [&](const auto& read) {
    try {
      read();
    } catch (const TaskError& error) {
      if (error.code() == ExitCode::kSkipped) return;  // the walk is at its end
      if (error.code() != ExitCode::kData) throw;
      wrong.push_back(error);
    }
  };
  RedisKeyStore store(redis);
  for (const std::string key : {"last_steam_id", "last_user_id"}) {
    for (const WalkOptions& walk : WalksOf(key, redis)) {
      check([&] { Walk(walk, std::nullopt, walk.topic, run, &store, true, Now()); });
    }
  }
  for (const std::uint32_t appid : news_apps) {
    const std::string key = NewsWindowKey(appid, kNewsTopic);
    check([&] { NewsWindow(key, NewsWindowIn(redis, key).read(), 0); });
  }
  if (!wrong.empty()) throw Combine(wrong);
  return fmt::format("{} answers, the cursors can be read", redis.Address());
}

}  // namespace steamflow
