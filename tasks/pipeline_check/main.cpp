// Whether a run of the sources would work: asks everything that they need, side by side, and says
// what is wrong.

#include <fmt/format.h>

#include <future>

#include "airflow_connection.h"
#include "api_probe.h"
#include "check_list.h"
#include "command.h"
#include "kafka_health.h"
#include "news_cursor.h"
#include "source.h"
#include "steam_settings.h"
#include "steam_urls.h"
#include "topics.h"
#include "walk.h"

namespace {

using namespace steamflow;

constexpr std::uint32_t kAnyApp = 10;  // asked for where the configured games cannot be read

struct Settings {
  Readable<std::vector<NamedGame>> games;
  Readable<std::vector<std::uint32_t>> news_apps;
  Readable<TimeZone> timezone;
  Readable<std::int64_t> call_budget;
  Readable<std::string> api_url;
  Readable<std::string> api_key;
  Readable<RedisSettings> redis;
  Readable<KafkaProperties> kafka;
};

// Those settings that say where nothing is.
std::string CheckSettings(const Settings& settings) {
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

std::string CheckKey(const Settings& settings, ApiProbe& probe, CallBudget* budget) {
  ValueOf(settings.api_key);
  if (ValueOf(settings.call_budget) >= 0) ValueOf(settings.redis);
  probe.AskProfile(ValueOf(settings.api_url));
  if (!budget) return "accepted";
  return fmt::format("accepted; {} of {} calls of today are used", budget->Used(), budget->limit());
}

// Reads the cursors as the sources do.
std::string CheckRedis(const RedisSettings& settings, const std::vector<std::uint32_t>& news_apps,
                       Run& run) {
  RedisClient redis(settings, run.stop);
  redis.Command({"PING"});
  std::vector<TaskError> wrong;
  const auto check = [&](const auto& read) {
    try {
      read();
    } catch (const TaskError& error) {
      if (error.code() == ExitCode::kSkipped) return;  // the end of a walk
      if (error.code() != ExitCode::kData) throw;
      wrong.push_back(error);
    }
  };
  for (const char* key : {"last_steam_id", "last_user_id"}) {
    const WalkOptions walk{.cursor_key = key, .start_id = steam_api::kHighestId};
    check([&] { Walk(walk, run, &redis, true); });
  }
  for (const std::uint32_t appid : news_apps) {
    check([&] { NewsCursor(appid, &redis); });
  }
  if (!wrong.empty()) throw Combine(wrong);
  return fmt::format("{} answers, the cursors can be read", redis.Address());
}

}  // namespace

int main(int argc, char** argv) {
  Command command("pipeline-check",
                  "Checks all that the sources need: settings, the API and its key, Redis, Kafka "
                  "and the topics. The exit code says whether a run would work.",
                  "pipeline-check --brokers localhost:9092 --redis-url redis://localhost:6379/0");
  SourceOptions options;
  options.steam.AddTo(command.flags());
  options.steam.AddKeyTo(command.flags());
  options.redis.AddTo(command.flags());
  options.kafka.AddTo(command.flags());
  std::string games_flag;
  AddGamesFlag(command.flags(), games_flag);
  std::string apps_flag;
  AddNewsAppsFlag(command.flags(), apps_flag);

  return command.Main(argc, argv, [&](Run& run) {
    const Settings settings{
        TryToRead([&] { return ReadGames(games_flag); }),
        TryToRead([&] { return ReadNewsApps(apps_flag); }),
        TryToRead([&] { return ReadTimeZone(options.steam.timezone); }),
        TryToRead([&] { return ReadCallBudgetLimit(options.steam.call_budget); }),
        TryToRead([&] { return ReadApiUrl(options.steam.api_url, run.options.allow_http); }),
        TryToRead([&] { return ReadApiKey(run.log); }),
        TryToRead([&] { return ReadRedisSettings(options.redis, run.log); }),
        TryToRead([&] { return ReadKafkaProperties(options.kafka, run.log); })};

    auto redis = std::async(std::launch::async, [&] {
      return Check::Make("redis", ConnectionVariable(options.redis.conn_id), [&] {
        return CheckRedis(ValueOf(settings.redis),
                          settings.news_apps.value_or(std::vector<std::uint32_t>()), run);
      });
    });
    std::vector<std::string> topics = RecordTopics();
    topics.emplace_back(kDeadLetterTopic);
    std::optional<KafkaHealth> health;
    auto kafka = std::async(std::launch::async, [&] {
      return Check::Make("kafka", ConnectionVariable(options.kafka.conn_id), [&] {
        health.emplace(ValueOf(settings.kafka), topics, run.stop);
        return fmt::format("brokers: {}", health->brokers());
      });
    });

    CheckList checks(run);
    checks.Add(Check::Make("settings", "", [&] { return CheckSettings(settings); }));
    std::optional<RedisClient> budget_redis;
    std::optional<CallBudget> budget;
    if (settings.api_key && settings.redis && settings.call_budget.value_or(-1) >= 0) {
      budget_redis.emplace(*settings.redis, run.stop);
      budget.emplace(*budget_redis, *settings.api_key,
                     static_cast<std::uint64_t>(*settings.call_budget));
    }
    ApiProbe probe(run, settings.api_key.value_or(""), budget ? &*budget : nullptr);
    checks.Add(Check::Make("api", "AIRFLOW_VAR_STEAM_API_URL", [&] {
      probe.AskPlayerCount(ValueOf(settings.api_url),
                           settings.games ? settings.games->front().appid : kAnyApp);
      return *settings.api_url + " answers";
    }));
    checks.Add(Check::Make("key", "",
                           [&] { return CheckKey(settings, probe, budget ? &*budget : nullptr); }));
    checks.Add(redis.get());
    checks.Add(kafka.get());
    if (health) {
      for (const std::string& topic : topics) {
        checks.Add(Check::Make("topic " + topic, "", [&] { return health->CheckTopic(topic); }));
      }
    }
    checks.Finish();
  });
}
