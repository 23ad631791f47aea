// Every setting is checked before any use of the network. An invalid setting causes one line that
// names it and the right exit code, and nothing is changed.

#include <filesystem>
#include <fstream>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

class Settings : public TaskTest {
 protected:
  // Expects `part` in the message, and that nothing was requested or written.
  void Expect(const Ended& run, int exit_code, const std::string& part) {
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    const JsonValue result = run.Result();
    EXPECT_EQ(result.Number("/exit_code"), exit_code);
    EXPECT_EQ(result.Text("/status"), "failed");
    EXPECT_EQ(result.Text("/error/kind"), exit_code == 64 ? "usage" : "config");
    EXPECT_FALSE(result.Bool("/retryable"));
    EXPECT_NE(result.Text("/error/message").find(part), std::string::npos) << run.out;
    EXPECT_EQ(run.err.find('\n'), run.err.size() - 1) << "the error is not one line: " << run.err;
    EXPECT_EQ(Requests(), 0u);
    EXPECT_TRUE(redis_.Keys().empty());
  }
};

TEST_F(Settings, TheLevelDebugTellsEveryRequestAndNoSecret) {
  const Ended quiet = Run({kPlayersTask, "--sink", "stdout", "--no-cursor"});
  ASSERT_EQ(quiet.exit_code, 0) << quiet.err;
  EXPECT_EQ(quiet.err, "");
  const Ended run = Run({kPlayersTask, "--sink", "stdout", "--no-cursor", "--log-level", "debug"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.err.find("GetPlayerSummaries/v2/: HTTP 200, "), std::string::npos) << run.err;
  EXPECT_EQ(run.err.find(environment_.at("AIRFLOW_VAR_STEAM_API_KEY")), std::string::npos);
}

TEST_F(Settings, TheLevelDebugTellsEveryFlushAndEveryMoveOfACursor) {
  const Ended run = Run({kPlayersTask, "--count", "40", "--log-level", "debug"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto records = ToText(static_cast<std::uint64_t>(run.Result().Number("/kafka/records")));
  const auto bytes = ToText(static_cast<std::uint64_t>(run.Result().Number("/kafka/bytes")));
  EXPECT_NE(run.err.find("flushed to topic_GetUserInfo: " + records + " of " + records +
                         " records acknowledged, " + bytes + " bytes, 0 dead letters, waited "),
            std::string::npos)
      << run.err;
  EXPECT_NE(run.err.find("cursor last_user_id: from " + ToText(kFirstPlayersId) + " to " +
                         ToText(kFirstPlayersId - 40)),
            std::string::npos)
      << run.err;
  EXPECT_EQ(run.err.find(kApiKey), std::string::npos);
}

TEST_F(Settings, BadFlagsAre64) {
  const std::vector<std::vector<std::string>> cases{
      {"--no-such-flag"},
      {"stray"},
      {"--count", "0"},
      {"--count", "-1"},
      {"--count", "ten"},
      {"--count"},
      {"--start-id", "5"},
      {"--start-id", "765611979604999001234"},
      {"--shard", "2/2"},
      {"--shard", "-1/2"},
      {"--shard", "0"},
      {"--no-cursor", "--wrap"},
      {"--deadline", "0"},
      {"--deadline", "soon"},
      {"--deadline", "nan"},
      {"--max-in-flight", "0"},
      {"--retries", "-1"},
      {"--max-response-bytes", "0"},
      {"--log-level", "loud"},
      {"--log-format", "xml"},
      {"--sink", "nowhere"},
      {"--sink", "file:"},
      {"--topic", ""},
      {"--topic", "no spaces please"},
      {"--logical-date", "yesterday"},
      {"--logical-date", "2026-02-30T00:00:00Z"},
      {"--steam-timezone", "Mars/Phobos"},
      {"--steam-timezone", "../../etc/passwd"},
      {"--steam-api-url", "http://example.com"},
      {"--steam-api-url", "ftp://example.com"},
      {"--pushgateway-url", "localhost:9091"},
      {"--steam-api-url", "https://"},
      {"--steam-api-url", "https://user@example.com"},
      {"--steam-daily-call-budget", "-2"},
      {"--steam-daily-call-budget", "many"},
      {"--kafka-config", "nonsense"},
      {"--kafka-config", "no.such.property=1"},
      {"--kafka-config", "linger.ms=soon"},
      {"--kafka-config", "acks=1"},
      {"--kafka-config", "test.mock.num.brokers=1"},
      {"--kafka-config", "acks=0"},
      {"--kafka-config", "request.required.acks=1"},
      {"--kafka-config", "enable.idempotence=false"},
      {"--kafka-config", "max.in.flight=100"},
      {"--kafka-config", "retries=0"},
      {"--kafka-config", "sasl.password=hunter2hunter2"},
      {"--redis-url", "nonsense"},
      {"--redis-url", "http://127.0.0.1"},
      {"--redis-url", "redis://127.0.0.1:99999"},
      {"--redis-url", "redis://127.0.0.1:6379/one"},
      {"--redis-url", "redis://:hunter2hunter2@127.0.0.1:6379"},
  };
  for (const auto& arguments : cases) {
    SCOPED_TRACE(arguments[0] + " " + arguments.back());
    std::vector<std::string> command{kGamesTask};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const Ended run = Run(command);
    Expect(run, 64, arguments[0] == "stray" ? "stray" : arguments[0]);
    EXPECT_EQ((run.out + run.err).find("hunter2"), std::string::npos);
  }
}

TEST_F(Settings, BadValuesInTheEnvironmentAre78) {
  struct Case {
    const char* name;
    const char* value;
    const char* part;  // a part of the message, if it is not the name
    const char* task = kGamesTask;
  };
  const std::vector<Case> cases{
      {"AIRFLOW_VAR_STEAM_API_URL", "http://example.com", nullptr},
      {"AIRFLOW_VAR_STEAM_API_URL", "api.steampowered.com", nullptr},
      {"AIRFLOW_VAR_STEAM_API_URL", "https://example.com?key=s3cret", "https://example.com?..."},
      {"AIRFLOW_VAR_STEAM_TIMEZONE", "Mars/Phobos", nullptr},
      {"AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET", "many", nullptr},
      {"AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET", "1.5", nullptr},
      {"AIRFLOW_VAR_STEAM_API_KEY", "", "STEAM_API_KEY"},
      {"AIRFLOW_VAR_STEAM_API_KEY", "two words", "STEAM_API_KEY"},
      {"AIRFLOW_VAR_STEAM_API_KEY", "a\r\nHost: evil", "STEAM_API_KEY"},
      {"AIRFLOW_VAR_STEAM_GAMES", "Elden Ring", nullptr, kCountsTask},
      {"AIRFLOW_VAR_STEAM_GAMES", "[1245620]", nullptr, kCountsTask},
      {"AIRFLOW_VAR_STEAM_GAMES", "{}", nullptr, kCountsTask},
      {"AIRFLOW_VAR_STEAM_GAMES", R"({"Elden Ring":-1})", nullptr, kCountsTask},
      {"AIRFLOW_VAR_STEAM_GAMES", R"({"Elden Ring":1.5})", nullptr, kCountsTask},
      {"AIRFLOW_VAR_STEAM_GAMES", R"({"Elden Ring":[1]})", nullptr, kCountsTask},
      {"AIRFLOW_VAR_STEAM_GAMES", R"({"A":7,"B":7})", nullptr, kCountsTask},
      {"AIRFLOW_VAR_STEAM_NEWS_APPS", "1623730", nullptr, kNewsTask},
      {"AIRFLOW_VAR_STEAM_NEWS_APPS", "[\"x\"]", nullptr, kNewsTask},
      {"AIRFLOW_VAR_STEAM_NEWS_APPS", "[]", nullptr, kNewsTask},
      {"AIRFLOW_VAR_PUSHGATEWAY_URL", "pushgateway:9091", nullptr},
      {"PUSHGATEWAY_URL", "http://user:s3cret@pushgateway:9091", nullptr},
      {"AIRFLOW_CTX_LOGICAL_DATE", "yesterday", nullptr},
      {"AIRFLOW_CTX_TRY_NUMBER", "x", nullptr},
      {"AIRFLOW_CONN_KAFKA_DEFAULT", "", nullptr},
      {"AIRFLOW_CONN_KAFKA_DEFAULT", "nonsense", nullptr},
      {"AIRFLOW_CONN_KAFKA_DEFAULT", "{\"extra\":", nullptr},
      {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://127.0.0.1:99999", nullptr},
      {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://127.0.0.1:9092/?no.such.property=1", nullptr},
      {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://127.0.0.1:9092/?acks=1", nullptr},
      {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://127.0.0.1:9092/?test.mock.num.brokers=3", nullptr},
      {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://127.0.0.1:9092/?enable.idempotence=false", nullptr},
      {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://127.0.0.1:9092/?max.in.flight=100", nullptr},
      {"AIRFLOW_CONN_KAFKA_DEFAULT",
       R"({"conn_type":"kafka","host":"127.0.0.1","extra":{"acks":1}})", nullptr},
      {"AIRFLOW_CONN_REDIS_DEFAULT", "", nullptr},
      {"AIRFLOW_CONN_REDIS_DEFAULT", "postgres://127.0.0.1", nullptr},
      {"AIRFLOW_CONN_REDIS_DEFAULT", "redis://127.0.0.1:x", nullptr},
      {"AIRFLOW_CONN_REDIS_DEFAULT", "redis://127.0.0.1:6379/one", nullptr},
  };
  const Environment good = environment_;
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.name) + "=" + c.value);
    environment_ = good;
    environment_[c.name] = c.value;
    Expect(Run({c.task}), 78, c.part ? c.part : c.name);
  }
}

TEST_F(Settings, KeyFileMustHoldAKey) {
  environment_.erase("AIRFLOW_VAR_STEAM_API_KEY");
  Expect(Run({kGamesTask}), 78, "AIRFLOW_VAR_STEAM_API_KEY");
  const std::string path = std::filesystem::temp_directory_path() / UniqueTopic("key");
  environment_["STEAM_API_KEY_FILE"] = path;
  Expect(Run({kGamesTask}), 78, path);
  std::ofstream(path) << "\n";
  Expect(Run({kGamesTask}), 78, path);
  std::ofstream(path) << kApiKey << "\n";
  EXPECT_EQ(Run({kGamesTask}).exit_code, 0);
  std::filesystem::remove(path);
}

TEST_F(Settings, FlagsGoBeforeTheEnvironment) {
  environment_["AIRFLOW_VAR_STEAM_API_URL"] = "https://nowhere.invalid";
  environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://127.0.0.1:1";
  environment_["AIRFLOW_CONN_REDIS_DEFAULT"] = "redis://127.0.0.1:1";
  const Ended run =
      Run({kGamesTask, "--steam-api-url", standin_.url() + "/", "--brokers", kafka_.brokers(),
           "--redis-url", redis_.url(), "--logical-date", "2026-01-02 03:04"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(redis_.Get("last_steam_id:pass"), "2026-01-02T03:04Z");
}

TEST_F(Settings, ConnectionsCanHaveOtherIds) {
  environment_["AIRFLOW_CONN_OTHER_KAFKA"] = environment_["AIRFLOW_CONN_KAFKA_DEFAULT"];
  environment_["AIRFLOW_CONN_OTHER_REDIS"] = environment_["AIRFLOW_CONN_REDIS_DEFAULT"];
  environment_.erase("AIRFLOW_CONN_KAFKA_DEFAULT");
  environment_.erase("AIRFLOW_CONN_REDIS_DEFAULT");
  EXPECT_EQ(Run({kGamesTask, "--kafka-conn-id", "other_kafka", "--redis-conn-id", "other_redis"})
                .exit_code,
            0);
}

TEST_F(Settings, KafkaConnectHasATypeOfConnection) {
  for (const char* name : {"ADDRESS", "USER", "PASSWORD"}) {
    environment_["AIRFLOW_VAR_CONNECT_POSTGRES_" + std::string(name)] = "any";
  }
  environment_["AIRFLOW_CONN_CONNECT_DEFAULT"] = "connect://127.0.0.1:1";
  const Ended run =
      Run({"connect-apply", "--connector", "steam-postgres", "--deadline", "2", "--retries", "0"});
  EXPECT_EQ(run.exit_code, 75) << run.err;
  EXPECT_NE(run.Result().Text("/error/message").find("http://127.0.0.1:1"), std::string::npos)
      << run.out;
}

TEST_F(Settings, EmptyVariablesCountAsUnset) {
  environment_["AIRFLOW_VAR_STEAM_TIMEZONE"] = "";
  environment_["AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET"] = "";
  environment_["AIRFLOW_CTX_TRY_NUMBER"] = "";
  const Ended run = Run({kGamesTask});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(run.Result().IsNull("/run/try_number"));
}

TEST_F(Settings, SinksNeedOnlyWhatTheyUse) {
  environment_.erase("AIRFLOW_CONN_KAFKA_DEFAULT");
  environment_.erase("AIRFLOW_CONN_REDIS_DEFAULT");
  environment_.erase("AIRFLOW_VAR_STEAM_API_KEY");
  EXPECT_EQ(Run({kNewsTask, "--sink", "stdout"}).exit_code, 0);
  EXPECT_EQ(Run({kCountsTask, "--sink", "stdout"}).exit_code, 0);
  EXPECT_EQ(Run({kCountsTask, "--dry-run"}).exit_code, 0);
  EXPECT_EQ(Run({kNewsTask}).exit_code, 78);
}

TEST_F(Settings, GarbageInRedisIs65AndStays) {
  struct Case {
    const char* task;
    std::vector<std::string> command;  // writes the malformed value
  };
  const std::vector<Case> cases{
      {kGamesTask, {"SET", "last_steam_id", "abc"}},
      {kGamesTask, {"SET", "last_steam_id", ""}},
      {kGamesTask, {"SET", "last_steam_id", "76561197960499900.0"}},
      {kGamesTask, {"SET", "last_steam_id", "-1"}},
      {kGamesTask, {"SET", "last_steam_id", "76561197960265727"}},
      {kGamesTask, {"SET", "last_steam_id", "76561202255233024"}},
      {kGamesTask, {"SET", "last_steam_id", "18446744073709551617"}},
      {kGamesTask, {"RPUSH", "last_steam_id", "76561197960499900"}},
      {kGamesTask, {"SET", "last_steam_id:pass", "yesterday"}},
      {kGamesTask, {"SET", "last_steam_id:failures", "1"}},
      {kPlayersTask, {"HSET", "last_user_id", "a", "b"}},
      {kNewsTask, {"SET", "news_seen:1623730", "yesterday"}},
      {kNewsTask, {"HSET", "news_seen:1623730", "1", "0123456789ab/5"}},
      {kNewsTask, {"HSET", "news_seen:1623730", "since", "5", "1", "yesterday"}},
      {kNewsTask, {"RPUSH", "news_seen:1623730", "1/2"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.command[1] + " " + c.command[2]);
    redis_.Command({"FLUSHALL"});
    redis_.Command(c.command);
    const auto before = redis_.Command({"DUMP", c.command[1]});
    const Ended run = Run({c.task});
    EXPECT_EQ(run.exit_code, 65) << run.out << run.err;
    EXPECT_EQ(run.Result().Text("/error/kind"), "data");
    EXPECT_NE(run.Result().Text("/error/message").find(c.command[1]), std::string::npos) << run.out;
    EXPECT_EQ(redis_.Command({"DUMP", c.command[1]}), before);
    EXPECT_EQ(Requests(), 0u);
  }
}

TEST_F(Settings, UnknownTopicIs78) {
  rd_kafka_mock_topic_set_error(kafka_.cluster(), kGamesTopic,
                                RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  const Ended run = Run({kGamesTask});
  EXPECT_EQ(run.exit_code, 78) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find(kGamesTopic), std::string::npos);
  EXPECT_EQ(redis_.Get("last_steam_id").value_or(ToText(kFirstGamesId)), ToText(kFirstGamesId));
}

}  // namespace
}  // namespace steamflow::test
