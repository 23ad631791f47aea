// Finds out whether a run of the sources would work. Checks everything that they need, partly in
// parallel, then whatever else is configured, and says what is wrong.

#include <fmt/format.h>

#include <future>

#include "airflow_connection.h"
#include "check_list.h"
#include "command.h"
#include "elasticsearch_config.h"
#include "kafka_connect_config.h"
#include "kafka_health.h"
#include "postgres_config.h"
#include "source.h"
#include "source_checks.h"
#include "steam_settings.h"
#include "store_checks.h"
#include "topics.h"

namespace {

using namespace steamflow;

constexpr char kDefaultSchema[] = "steamflow";
constexpr std::uint32_t kAnyApp = 10;  // used if the configured games cannot be read

std::vector<std::string> CheckedTopics() {
  std::vector<std::string> topics = RecordTopics();
  topics.emplace_back(kDeadLetterTopic);
  return topics;
}

}  // namespace

int main(int argc, char** argv) {
  Command command("pipeline-check",
                  "Checks everything that the sources need (settings, the API and its key, Redis, "
                  "Kafka and the topics), and the stores and services that are configured. The "
                  "exit code says whether a run would work.",
                  "pipeline-check --brokers localhost:9092 --redis-url redis://localhost:6379/0",
                  [] {
                    return Json{{"checks", CheckList::Schema()}};
                  });
  SourceOptions options;
  options.steam.AddTo(command.flags());
  options.steam.AddBudgetTo(command.flags());
  options.redis.AddTo(command.flags());
  options.kafka.AddTo(command.flags());
  PostgresFlags postgres;
  postgres.AddTo(command.flags());
  ElasticsearchFlags search;
  search.AddTo(command.flags());
  ConnectFlags connect;
  connect.AddTo(command.flags());
  std::string games_flag;
  AddGamesFlag(command.flags(), games_flag);
  std::string apps_flag;
  AddNewsAppsFlag(command.flags(), apps_flag);
  const std::vector<std::string> topics = CheckedTopics();
  for (const std::string& topic : topics) command.flags().AddTopic(topic);

  return command.Main(argc, argv, [&](Run& run) {
    const SourceSettings settings{
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
    std::optional<KafkaHealth> health;
    auto kafka = std::async(std::launch::async, [&] {
      return Check::Make("kafka", ConnectionVariable(options.kafka.conn_id), [&] {
        health.emplace(ValueOf(settings.kafka), topics, run.stop);
        return health->CheckBrokers();
      });
    });

    CheckList checks(run);
    checks.Add(Check::Make("settings", "", [&] { return CheckSourceSettings(settings); }));
    std::optional<RedisClient> budget_redis;
    std::optional<CallBudget> budget;
    if (settings.api_key && settings.redis && settings.call_budget.value_or(std::nullopt)) {
      budget_redis.emplace(*settings.redis, run.stop);
      budget.emplace(*budget_redis, *settings.api_key, **settings.call_budget);
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
    const auto add = [&](const char* name, const std::string& url, const std::string& conn_id,
                         const std::function<std::string()>& check) {
      const std::string variable = ConnectionVariable(conn_id);
      if (url.empty() && !AirflowConnection(conn_id)) return;
      checks.Add(Check::Make(name, variable, check));
    };
    add("postgres", postgres.url, postgres.conn_id, [&] {
      return CheckPostgres(ReadPostgresParameters(postgres, run.log), kDefaultSchema, run);
    });
    add("elasticsearch", search.url, search.conn_id, [&] {
      const RestServer server = ReadElasticsearchServer(search, run.options.allow_http, run.log);
      return CheckSearch(server, ReadIndexPrefix(search), run);
    });
    add("connect", connect.url, connect.conn_id,
        [&] { return CheckConnect(ReadConnectServer(connect, run), run); });
    const std::string pushgateway =
        ReadMetricsTargets(command.flags().TextOf("--pushgateway-url"), "").pushgateway_url;
    if (!pushgateway.empty()) {
      checks.Add(Check::Make("pushgateway", "PUSHGATEWAY_URL",
                             [&] { return CheckPushgateway(pushgateway, run); }));
    }
    checks.Finish();
  });
}
