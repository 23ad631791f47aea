#include "redis_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_run.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::ScopedEnvironment;
using test::TestRun;
using testing::HasSubstr;
using testing::Not;

TEST(ReadRedisSettingsTest, FromAConnection) {
  TestRun test;
  const auto read = [&](const std::string& connection) {
    const ScopedEnvironment environment("AIRFLOW_CONN_REDIS_DEFAULT", connection);
    return ReadRedisSettings({}, test.log());
  };
  RedisSettings settings = read("redis://u:p%40ss@h:1234/5");
  EXPECT_EQ(settings.host, "h");
  EXPECT_EQ(settings.port, 1234);
  EXPECT_EQ(settings.db, 5);
  EXPECT_EQ(settings.user, "u");
  EXPECT_EQ(settings.password, "p@ss");
  EXPECT_EQ(test.log().Redact("p@ss"), "***");
  EXPECT_FALSE(settings.tls);
  settings = read("redis://h");
  EXPECT_EQ(settings.port, 6379);
  EXPECT_EQ(settings.db, 0);
  EXPECT_EQ(read(R"({"conn_type":"redis","host":"h","schema":"1","extra":{"db":2}})").db, 2)
      << "the format of the extra in Airflow's hook";
  EXPECT_EQ(read(R"({"conn_type":"redis","host":"h","extra":{"db":null}})").db, 0);
  EXPECT_EQ(read("redis://h/?ssl=false").tls, false);
}

TEST(ReadRedisSettingsTest, RefusesWithTheNameOfTheSetting) {
  TestRun test;
  std::string message;
  for (const char* connection :
       {"", "postgres://h/0", "redis://h/one", "redis://h/-1", "redis://h/1.5", "redis://h//0",
        "redis://h/99999999999", "redis://h?db=x", "redis://:hunter2@h:port/0"}) {
    const ScopedEnvironment environment("AIRFLOW_CONN_REDIS_DEFAULT", connection);
    EXPECT_EQ(CodeOf([&] { ReadRedisSettings({}, test.log()); }, &message), ExitCode::kConfig)
        << connection;
    EXPECT_THAT(message, HasSubstr("AIRFLOW_CONN_REDIS_DEFAULT"));
    EXPECT_THAT(message, Not(HasSubstr("hunter2")));
  }
  for (const char* url : {"h:1", "http://h", "redis://:hunter2@h", "redis://h/x"}) {
    EXPECT_EQ(
        CodeOf([&] { ReadRedisSettings({.url = url, .conn_id = "redis"}, test.log()); }, &message),
        ExitCode::kUsage)
        << url;
    EXPECT_THAT(message, HasSubstr("--redis-url"));
    EXPECT_THAT(message, Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace steamflow
