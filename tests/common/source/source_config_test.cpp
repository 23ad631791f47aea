#include "source_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_run.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::ScopedEnvironment;
using test::TestRun;
using testing::HasSubstr;

ScopedEnvironment::Values Nothing(const ScopedEnvironment::Values& but = {}) {
  ScopedEnvironment::Values values = but;
  for (const char* name : {"AIRFLOW_VAR_STEAM_API_KEY", "AIRFLOW_VAR_STEAM_API_KEY_FILE",
                           "STEAM_API_KEY_FILE", "AIRFLOW_VAR_STEAM_API_URL",
                           "AIRFLOW_VAR_STEAM_TIMEZONE", "AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET",
                           "AIRFLOW_CONN_KAFKA_DEFAULT", "AIRFLOW_CONN_REDIS_DEFAULT", "TZ"}) {
    values.emplace(name, std::nullopt);
  }
  return values;
}

class ReadSourceConfigTest : public testing::Test {
 protected:
  // Returns the exit code for an invalid configuration, and stores the message.
  ExitCode Refusal(const SourceNeeds& needs) {
    return CodeOf([&] { ReadSourceConfig(options_, needs, test_.run()); }, &message_);
  }

  TestRun test_;
  SourceOptions options_{.topic = "steam_news"};
  std::string message_;
};

TEST_F(ReadSourceConfigTest, StdoutNeedsNothing) {
  const ScopedEnvironment environment(Nothing());
  options_.sink = "stdout";
  const SourceConfig config = ReadSourceConfig(options_, {.cursor = true}, test_.run());
  EXPECT_EQ(config.sink, "stdout");
  EXPECT_FALSE(config.redis);
  EXPECT_FALSE(config.moves_cursor());
  const std::string timestamp = config.Timestamp();
  const auto moment = ParseInstant(timestamp.substr(1, timestamp.size() - 2));
  ASSERT_TRUE(moment) << timestamp;
  EXPECT_LE(*moment, Now());
  EXPECT_GE(*moment, Now() - std::chrono::minutes(1));
  EXPECT_THAT(timestamp, HasSubstr("+09:00"));
}

TEST_F(ReadSourceConfigTest, AKeyBringsTheCallBudgetAndWithItRedis) {
  const ScopedEnvironment environment(Nothing({{"AIRFLOW_VAR_STEAM_API_KEY", "ABCDEFGH"}}));
  options_.sink = "stdout";
  EXPECT_EQ(Refusal({.key = true}), ExitCode::kConfig);
  EXPECT_THAT(message_, HasSubstr("AIRFLOW_CONN_REDIS_DEFAULT"));
  options_.steam.call_budget = "-1";
  const SourceConfig config = ReadSourceConfig(options_, {.key = true}, test_.run());
  EXPECT_FALSE(config.call_budget);
  EXPECT_FALSE(config.redis);
}

TEST_F(ReadSourceConfigTest, KafkaAndACursorNeedTheirConnections) {
  const ScopedEnvironment environment(Nothing());
  EXPECT_EQ(Refusal({.cursor = true}), ExitCode::kConfig);
  EXPECT_THAT(message_, HasSubstr("AIRFLOW_CONN_KAFKA_DEFAULT"));
  options_.kafka.brokers = "localhost:9092";
  EXPECT_EQ(Refusal({.cursor = true}), ExitCode::kConfig);
  EXPECT_THAT(message_, HasSubstr("AIRFLOW_CONN_REDIS_DEFAULT"));
  EXPECT_EQ(Refusal({}), ExitCode::kSuccess);
  options_.redis.url = "redis://localhost:6379/3";
  const SourceConfig config = ReadSourceConfig(options_, {.cursor = true}, test_.run());
  EXPECT_EQ(config.redis->db, 3);
  EXPECT_TRUE(config.moves_cursor());
}

TEST_F(ReadSourceConfigTest, ADryRunProducesNothingAndNeedsNoKafka) {
  const ScopedEnvironment environment(Nothing());
  options_.dry_run = true;
  const SourceConfig config = ReadSourceConfig(options_, {}, test_.run());
  EXPECT_EQ(config.sink, "none");
  EXPECT_FALSE(config.moves_cursor());
}

TEST_F(ReadSourceConfigTest, ChecksTheFlagsOfWhatItDoesNotTalkTo) {
  const ScopedEnvironment environment(Nothing());
  options_.sink = "stdout";
  for (const char* url : {"redis://h:port", "redis://:hunter2@h", "http://h"}) {
    options_.redis.url = url;
    EXPECT_EQ(Refusal({}), ExitCode::kUsage) << url;
    EXPECT_THAT(message_, HasSubstr("--redis-url"));
  }
  options_.redis.url = "";
  options_.kafka.config = {"acks=1"};
  EXPECT_EQ(Refusal({}), ExitCode::kUsage);
  options_.kafka.config = {};
  options_.kafka.brokers = "a:port";
  EXPECT_EQ(Refusal({}), ExitCode::kUsage);
}

TEST_F(ReadSourceConfigTest, RefusesBadSettings) {
  const ScopedEnvironment environment(Nothing({{"AIRFLOW_VAR_STEAM_API_KEY", "ABCDEFGH"}}));
  for (const char* sink : {"", "file", "file:", "kafka:x", "STDOUT"}) {
    options_.sink = sink;
    EXPECT_EQ(Refusal({}), ExitCode::kUsage) << sink;
  }
  options_.sink = "stdout";
  options_.steam.timezone = "Asia/Soul";
  EXPECT_EQ(Refusal({}), ExitCode::kUsage);
  options_.steam.timezone = "";
  options_.topic = "";
  EXPECT_EQ(Refusal({}), ExitCode::kUsage);
  options_.topic = "t";
  for (const char* budget : {"x", "-2", "1.5", "1e5", "9223372036854775808", "5 "}) {
    options_.steam.call_budget = budget;
    EXPECT_EQ(Refusal({.key = true}), ExitCode::kUsage) << budget;
  }
  options_.steam.call_budget = "";
  const ScopedEnvironment variables("AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET", "many");
  EXPECT_EQ(Refusal({.key = true}), ExitCode::kConfig);
  EXPECT_THAT(message_, HasSubstr("AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET"));
  const ScopedEnvironment zone("AIRFLOW_VAR_STEAM_TIMEZONE", "Mars/Olympus");
  EXPECT_EQ(Refusal({}), ExitCode::kConfig);
  EXPECT_THAT(message_, HasSubstr("STEAM_TIMEZONE"));
}

}  // namespace
}  // namespace steamflow
