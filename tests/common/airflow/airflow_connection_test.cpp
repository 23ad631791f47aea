#include "airflow_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <set>
#include <stdexcept>

#include "test_run.h"

namespace steamflow {
namespace {

namespace dom = simdjson::dom;
using test::CodeOf;
using test::ScopedEnvironment;
using test::TestRun;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

// Forms that Airflow reads and the parser rejects. Without :// the text cannot be distinguished
// from a typing error (Airflow reads "localhost:6379" as type localhost, schema 379).
const std::set<std::string> kRefusedHere = {"by hand, empty type", "by hand, no slashes",
                                            "json by hand, no type"};

std::string Text(dom::element value) {
  return std::string(value.get_string().value());
}

// Airflow distinguishes absent from empty, but nothing here depends on that.
std::string TextOf(dom::element object, const char* name) {
  const dom::element value = object[name];
  return value.is_null() ? "" : Text(value);
}

JsonField::Type TypeOf(dom::element value) {
  using Type = JsonField::Type;
  if (value.is_string()) return Type::kString;
  if (value.is_bool()) return Type::kBool;
  if (value.is_null()) return Type::kNull;
  if (value.is_object()) return Type::kObject;
  return value.is_array() ? Type::kArray : Type::kNumber;
}

void ExpectExtra(const Connection& connection, dom::element expected) {
  if (expected.is_null()) {
    EXPECT_TRUE(connection.extra.empty());
    return;
  }
  const dom::object fields = expected.get_object();
  ASSERT_EQ(connection.extra.size(), fields.size());
  std::size_t i = 0;
  for (const auto field : fields) {
    const JsonField& actual = connection.extra[i++];
    EXPECT_EQ(actual.name, field.key);
    EXPECT_EQ(actual.type, TypeOf(field.value)) << actual.name;
    const std::string value =
        field.value.is_string() ? Text(field.value) : simdjson::minify(field.value);
    EXPECT_EQ(actual.value, value) << actual.name;
  }
}

// Reads `text` and expects the result that Airflow has.
void ExpectAsAirflow(std::string_view text, dom::element expected) {
  const auto parsed = ParseConnection(text);
  ASSERT_TRUE(parsed) << "rejected: " << parsed.error();
  const Connection& connection = *parsed;
  EXPECT_EQ(connection.type, TextOf(expected, "conn_type"));
  EXPECT_EQ(connection.login, TextOf(expected, "login"));
  EXPECT_EQ(connection.password, TextOf(expected, "password"));
  EXPECT_EQ(connection.host, TextOf(expected, "host"));
  EXPECT_EQ(connection.schema, TextOf(expected, "schema"));
  const dom::element port = expected["port"];
  EXPECT_EQ(connection.port.has_value(), !port.is_null());
  if (connection.port && !port.is_null()) {
    EXPECT_EQ(*connection.port, port.get_int64().value());
  }
  ExpectExtra(connection, expected["extra"]);
}

TEST(ConnectionTest, ReadsWhatTheRealAirflowWritesAsAirflowReadsIt) {
  dom::parser parser;
  const dom::array entries = parser.load(AIRFLOW_CONNECTIONS).get_array();
  std::size_t compared = 0;
  for (const dom::element entry : entries) {
    const std::string name = Text(entry["name"]);
    for (const auto& [form, result] :
         {std::pair("uri", "expected_from_uri"), std::pair("json", "expected_from_json")}) {
      if (entry[result].is_null()) continue;  // Airflow rejects it, so there is no expected result
      const std::string text = Text(entry[form]);
      SCOPED_TRACE(name + ", Airflow " + Text(entry["airflow"]) + ": " + text);
      if (form == std::string("uri") && kRefusedHere.count(name) > 0) {
        EXPECT_FALSE(ParseConnection(text));
        continue;
      }
      ExpectAsAirflow(text, entry[result]);
      ++compared;
    }
  }
  EXPECT_GT(compared, 300U);
}

TEST(ConnectionTest, RefusesWithoutQuotingTheText) {
  for (const char* text : {"",
                           "  ",
                           "hunter2",
                           "://hunter2",
                           "redis://u:hunter2@h:port",
                           "redis://u:hunter2@h:65536",
                           "redis://u:hunter2@h:-1",
                           "redis://u:hunter2@[::1",
                           "redis://u:hunter2@[::1]x",
                           "kafka://h?__extra__=hunter2",
                           "kafka://h?__extra__=[\"hunter2\"]",
                           "{\"password\":hunter2}",
                           "{\"password\":[\"hunter2\"]}",
                           "{\"password\":\"hunter2\",\"port\":\"x\"}",
                           "{\"extra\":\"hunter2\"}",
                           "{\"extra\":[1]}",
                           "{\"port\":6379.5}",
                           "redis://u:hunter2@h%00.example.com",
                           "redis://u:hunter2@h%20h",
                           "redis://u:hunter2%00@h",
                           "postgres://h/db%00?password=hunter2",
                           "kafka://h?sasl.password=hunter2%00",
                           R"({"host":"a\u0000b","password":"hunter2"})",
                           R"({"host":"a\nb","password":"hunter2"})"}) {
    const auto connection = ParseConnection(text);
    ASSERT_FALSE(connection) << "accepted: " << text;
    EXPECT_THAT(connection.error(), Not(HasSubstr("hunter2"))) << text;
  }
}

TEST(ConnectionTest, BrokenEscapesStayAsTheyAre) {
  const Connection connection = ParseConnection("redis://a%:b%2@h%zz:1/%4").value();
  EXPECT_EQ(connection.login, "a%");
  EXPECT_EQ(connection.password, "b%2");
  EXPECT_EQ(connection.host, "h%zz");
  EXPECT_EQ(connection.schema, "%4");
}

TEST(ConnectionTest, TheLastOfTwoExtrasCountsAsInPython) {
  const Connection connection =
      ParseConnection(R"({"conn_type":"redis","extra":{"db":1,"db":2}})").value();
  ASSERT_TRUE(connection.Extra("db"));
  EXPECT_EQ(connection.Extra("db")->value, "2");
  EXPECT_EQ(connection.Extra("absent"), nullptr);
}

const ConnectionKind kRedis{"Redis", "--redis-url", "redis://host:6379/0"};

TEST(FindConnectionTest, TakesTheIdInUpperCase) {
  EXPECT_EQ(ConnectionVariable("kafka_default"), "AIRFLOW_CONN_KAFKA_DEFAULT");
  const ScopedEnvironment environment({{"AIRFLOW_CONN_MY_REDIS", "redis://:hunter2@h:1/2"},
                                       {"AIRFLOW_CONN_EMPTY", ""},
                                       {"AIRFLOW_CONN_BROKEN", "hunter2"}});
  TestRun test;
  const auto setting = FindConnection(kRedis, "", "my_redis", test.log());
  ASSERT_TRUE(setting);
  EXPECT_EQ(setting->connection.host, "h");
  EXPECT_EQ(setting->source, "AIRFLOW_CONN_MY_REDIS");
  EXPECT_EQ(setting->if_invalid, ExitCode::kConfig);
  EXPECT_EQ(test.log().Redact("the hunter2"), "the ***");
  EXPECT_FALSE(FindConnection(kRedis, "", "empty", test.log()));
  EXPECT_FALSE(FindConnection(kRedis, "", "never_set", test.log()));
  std::string message;
  EXPECT_EQ(CodeOf([&] { FindConnection(kRedis, "", "broken", test.log()); }, &message),
            ExitCode::kConfig);
  EXPECT_THAT(message, HasSubstr("AIRFLOW_CONN_BROKEN"));
  EXPECT_THAT(message, Not(HasSubstr("hunter2")));
}

TEST(FindConnectionTest, TheFlagComesFirstAndRefusesSecrets) {
  const ScopedEnvironment environment("AIRFLOW_CONN_REDIS_DEFAULT", "redis://other");
  TestRun test;
  const auto find = [&](const std::string& url) {
    return FindConnection(kRedis, url, "redis_default", test.log());
  };
  const auto setting = find("redis://user@h:1/2");
  ASSERT_TRUE(setting);
  EXPECT_EQ(setting->connection.login, "user");
  EXPECT_EQ(setting->source, "--redis-url");
  EXPECT_EQ(setting->if_invalid, ExitCode::kUsage);
  for (const char* url : {"redis://:hunter2@h", "redis://u:hunter2@h:1/0",
                          "redis://h?password=hunter2", "{\"password\":\"hunter2\"}"}) {
    std::string message;
    EXPECT_EQ(CodeOf([&] { find(url); }, &message), ExitCode::kUsage);
    EXPECT_THAT(message, HasSubstr("--redis-url"));
    EXPECT_THAT(message, HasSubstr("AIRFLOW_CONN_REDIS_DEFAULT"));
    EXPECT_THAT(message, Not(HasSubstr("hunter2")));
  }
  EXPECT_EQ(CodeOf([&] { find("localhost"); }), ExitCode::kUsage);
}

TEST(ReadConnectionTest, SaysBothWaysToGiveOneWhereThereIsNone) {
  const ScopedEnvironment environment("AIRFLOW_CONN_REDIS_DEFAULT", std::nullopt);
  TestRun test;
  std::string message;
  EXPECT_EQ(CodeOf([&] { ReadConnection(kRedis, "", "redis_default", test.log()); }, &message),
            ExitCode::kConfig);
  EXPECT_EQ(message,
            "no Redis connection: set AIRFLOW_CONN_REDIS_DEFAULT (redis://host:6379/0) or give "
            "--redis-url");
  EXPECT_EQ(ReadConnection(kRedis, "redis://h", "redis_default", test.log()).connection.host, "h");
}

TEST(SecretsTest, ArePasswordsAndWhatIsNamedLikeThem) {
  const Connection connection =
      ParseConnection(
          "kafka://u:one@h?sasl.password=two&ssl.key.password=three&oauth.client.Secret=four"
          "&token=five&ssl.key.pem=six&linger.ms=7&sasl.username=eight&secret.empty=")
          .value();
  EXPECT_THAT(Secrets(connection),
              UnorderedElementsAre("one", "two", "three", "four", "five", "six"));
}

TEST(SecretsTest, InsideANestedExtraAreFoundToo) {
  const Connection connection =
      ParseConnection(
          R"({"conn_type":"kafka","extra":{"oauth":{"client":{"secret":"hunter2"},"id":"public"}}})")
          .value();
  EXPECT_THAT(Secrets(connection), testing::Contains(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace steamflow
