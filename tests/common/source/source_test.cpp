#include "source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "file_io.h"
#include "test_run.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::ScopedEnvironment;
using test::ScopedFolder;
using test::TestRun;
using testing::HasSubstr;
using testing::Not;

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

TEST(ReadApiUrlTest, TakesHttpsAndLoopback) {
  const ScopedEnvironment environment(Nothing());
  EXPECT_EQ(ReadApiUrl("", false), "https://api.steampowered.com");
  EXPECT_EQ(ReadApiUrl("https://host:8443/prefix//", false), "https://host:8443/prefix");
  for (const char* url : {"http://localhost", "http://localhost:1", "http://127.0.0.1:65535",
                          "http://127.1.2.3/x", "http://[::1]:80", "http://[::1]"}) {
    EXPECT_EQ(ReadApiUrl(url, false), url);
  }
  EXPECT_EQ(ReadApiUrl("http://example.com", true), "http://example.com");
}

TEST(ReadApiUrlTest, RefusesWhatIsNoAddress) {
  const ScopedEnvironment environment(Nothing());
  for (const char* url :
       {"api.steampowered.com", "ftp://host", "http://", "https://", "https:///path", "https://?x",
        "https://host?key=1", "https://host#x", "https://user:hunter2@host", "https://h ost",
        "https://host\n", "https://ho\x7fst", "https://\xEB\xAA\xAC", "HTTPS://host", "/",
        "https://:443", "javascript:https://host"}) {
    std::string message;
    EXPECT_EQ(CodeOf([&] { ReadApiUrl(url, true); }, &message), ExitCode::kUsage) << url;
    EXPECT_THAT(message, HasSubstr("--steam-api-url"));
    EXPECT_THAT(message, Not(HasSubstr("hunter2")));
  }
}

TEST(ReadApiUrlTest, PlainHttpToAnotherMachineNeedsLeave) {
  for (const char* url :
       {"http://example.com", "http://10.0.0.1", "http://[::2]", "http://localhost.example.com",
        "http://127.example.com", "http://127.0.0.1.example.com", "http://127.0.0.1\\.example.com",
        "http://127.0.0.1example", "http://localhost\\@x"}) {
    const ScopedEnvironment environment(Nothing({{"AIRFLOW_VAR_STEAM_API_URL", url}}));
    std::string message;
    EXPECT_EQ(CodeOf([] { ReadApiUrl("", false); }, &message), ExitCode::kConfig) << url;
    EXPECT_THAT(message, HasSubstr("AIRFLOW_VAR_STEAM_API_URL"));
  }
}

TEST(ReadApiKeyTest, ComesFromTheVariableThenFromAFile) {
  const ScopedFolder folder;
  ReplaceFile(folder.File("key"), "FROMFILE \r\n\n");
  TestRun test;
  {
    const ScopedEnvironment environment(Nothing({{"AIRFLOW_VAR_STEAM_API_KEY", "FROMVARIABLE"},
                                                 {"STEAM_API_KEY_FILE", folder.File("key")}}));
    EXPECT_EQ(ReadApiKey(test.log()), "FROMVARIABLE");
  }
  for (const char* name : {"STEAM_API_KEY_FILE", "AIRFLOW_VAR_STEAM_API_KEY_FILE"}) {
    const ScopedEnvironment environment(Nothing({{name, folder.File("key")}}));
    EXPECT_EQ(ReadApiKey(test.log()), "FROMFILE") << name;
  }
  EXPECT_EQ(test.log().Redact("FROMVARIABLE FROMFILE"), "*** ***");
}

TEST(ReadApiKeyTest, RefusesAKeyThatIsNone) {
  const ScopedFolder folder;
  ReplaceFile(folder.File("blank"), " \n");
  TestRun test;
  std::string message;
  {
    const ScopedEnvironment environment(Nothing());
    EXPECT_EQ(CodeOf([&] { ReadApiKey(test.log()); }, &message), ExitCode::kConfig);
    EXPECT_THAT(message, HasSubstr("AIRFLOW_VAR_STEAM_API_KEY"));
  }
  for (const std::string& path : {folder.File("absent"), folder.File("blank"), folder.File("")}) {
    const ScopedEnvironment environment(Nothing({{"STEAM_API_KEY_FILE", path}}));
    EXPECT_EQ(CodeOf([&] { ReadApiKey(test.log()); }, &message), ExitCode::kConfig) << path;
    EXPECT_THAT(message, HasSubstr(path));
  }
  // Nothing that could add a header of its own.
  for (const char* key : {"hunter2 x", "hunter2\r\nHost: evil", "hunter2\xEB", "\thunter2"}) {
    const ScopedEnvironment environment(Nothing({{"AIRFLOW_VAR_STEAM_API_KEY", key}}));
    EXPECT_EQ(CodeOf([&] { ReadApiKey(test.log()); }, &message), ExitCode::kConfig);
    EXPECT_THAT(message, Not(HasSubstr("hunter2")));
  }
}

class ReadSourceConfigTest : public testing::Test {
 protected:
  // The code and message of a configuration that is refused.
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
  test_.identity.logical_date = *ParseInstant("2026-11-22T22:34:00Z");
  const SourceConfig config = ReadSourceConfig(options_, {.cursor = true}, test_.run());
  EXPECT_EQ(config.sink, "stdout");
  EXPECT_FALSE(config.redis);
  EXPECT_FALSE(config.moves_cursor());
  EXPECT_EQ(config.timestamp, "\"2026-11-23T07:34:00+09:00\"");
}

TEST_F(ReadSourceConfigTest, AKeyBringsTheCallBudgetAndWithItRedis) {
  const ScopedEnvironment environment(Nothing({{"AIRFLOW_VAR_STEAM_API_KEY", "ABCDEFGH"}}));
  options_.sink = "stdout";
  EXPECT_EQ(Refusal({.key = true}), ExitCode::kConfig);
  EXPECT_THAT(message_, HasSubstr("AIRFLOW_CONN_REDIS_DEFAULT"));
  options_.call_budget = "-1";
  const SourceConfig config = ReadSourceConfig(options_, {.key = true}, test_.run());
  EXPECT_EQ(config.call_budget, -1);
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
  options_.redis_url = "redis://localhost:6379/3";
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

TEST_F(ReadSourceConfigTest, RefusesBadSettings) {
  const ScopedEnvironment environment(Nothing({{"AIRFLOW_VAR_STEAM_API_KEY", "ABCDEFGH"}}));
  for (const char* sink : {"", "file", "file:", "kafka:x", "STDOUT"}) {
    options_.sink = sink;
    EXPECT_EQ(Refusal({}), ExitCode::kUsage) << sink;
  }
  options_.sink = "stdout";
  options_.timezone = "Asia/Soul";
  EXPECT_EQ(Refusal({}), ExitCode::kUsage);
  options_.timezone = "";
  options_.topic = "";
  EXPECT_EQ(Refusal({}), ExitCode::kUsage);
  options_.topic = "t";
  for (const char* budget : {"x", "-2", "1.5", "1e5", "9223372036854775808", "5 "}) {
    options_.call_budget = budget;
    EXPECT_EQ(Refusal({.key = true}), ExitCode::kUsage) << budget;
  }
  options_.call_budget = "";
  const ScopedEnvironment variables("AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET", "many");
  EXPECT_EQ(Refusal({.key = true}), ExitCode::kConfig);
  EXPECT_THAT(message_, HasSubstr("AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET"));
  const ScopedEnvironment zone("AIRFLOW_VAR_STEAM_TIMEZONE", "Mars/Olympus");
  EXPECT_EQ(Refusal({}), ExitCode::kConfig);
  EXPECT_THAT(message_, HasSubstr("STEAM_TIMEZONE"));
}

}  // namespace
}  // namespace steamflow
