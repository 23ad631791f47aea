#include "bulk_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "index_names.h"
#include "test_run.h"

namespace steamflow {
namespace {

class BulkBodyTest : public testing::Test {
 protected:
  // Adds a message and returns the lines that it becomes.
  std::string Add(const ConsumedMessage& message, const std::string& index = "i") {
    const auto record = parser_.Parse(message);
    EXPECT_TRUE(record) << record.error();
    const std::size_t before = body_.items();
    body_.Add(*record, index);
    return std::string(body_.Text(before, body_.items()));
  }
  static ConsumedMessage Message(std::string_view topic, std::optional<std::string_view> value) {
    return {.topic = topic,
            .partition = 3,
            .offset = 41,
            .timestamp_ms = 1'795'000'000'000,
            .event_id = "id",
            .key = "7",
            .value = value};
  }

  ConsumedRecordParser parser_;
  BulkBody body_;
};

TEST_F(BulkBodyTest, AnEventIsCreatedInTheMonthThatItsIdNames) {
  ConsumedMessage message = Message("t", R"({"a": 1,"timestamp":"2026-12-01T00:00:00Z"})");
  message.event_id = "t/2026-11-30T23:59Z/7";
  EXPECT_EQ(Add(message, "p-t"),
            R"({"create":{"_index":"p-t-2026.11","_id":"t/2026-11-30T23:59Z/7"}}
{"@timestamp":"2026-12-01T00:00:00Z","a": 1,"timestamp":"2026-12-01T00:00:00Z"}
)");
}

TEST_F(BulkBodyTest, AnEventWhoseIdNamesNoTimeIsOutsideOfTheMonths) {
  ConsumedMessage message = Message("t", R"({"timestamp":"2026-12-01T00:00:00Z"})");
  message.event_id = "a \"quoted\"\nid";
  EXPECT_EQ(Add(message), R"({"create":{"_index":"i-undated","_id":"a \"quoted\"\nid"}}
{"@timestamp":"2026-12-01T00:00:00Z","timestamp":"2026-12-01T00:00:00Z"}
)");
}

TEST_F(BulkBodyTest, OfStateTheNewestVersionIsKept) {
  EXPECT_EQ(
      Add(Message("steamusers", R"({"steamid":"7","timestamp":"2026-11-18T22:34:00Z"})")),
      R"({"index":{"_index":"i-state","_id":"7","version":1795041240000,"version_type":"external_gte"}}
{"@timestamp":"2026-11-18T22:34:00Z","steamid":"7","timestamp":"2026-11-18T22:34:00Z"}
)");
  ConsumedMessage tombstone = Message("steamusers", std::nullopt);
  *tombstone.timestamp_ms += 123;
  EXPECT_EQ(
      Add(tombstone),
      R"({"index":{"_index":"i-state","_id":"7","version":1795000000123,"version_type":"external_gte"}}
{"@timestamp":"2026-11-18T11:06:40Z","@tombstone":true,"steamid":"7"}
)");
}

TEST_F(BulkBodyTest, NoVersionIsBeyondTomorrow) {
  const auto version = [&](std::int64_t kafka, std::optional<std::string_view> value) {
    ConsumedMessage message = Message("steamusers", value);
    message.timestamp_ms = kafka;
    return StateVersion(parser_.Parse(message).value());
  };
  constexpr std::int64_t kDay = 86'400'000;
  constexpr char kFar[] = R"({"steamid":"7","timestamp":"2099-01-01T00:00:00Z"})";
  EXPECT_EQ(version(1'700'000'000'000, kFar), 1'700'000'000'000 + kDay);
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())
                       .time_since_epoch()
                       .count();
  constexpr std::int64_t kFarToo = 4'070'908'800'000;
  for (const auto& value :
       {std::optional<std::string_view>(kFar), std::optional<std::string_view>()}) {
    EXPECT_NEAR(static_cast<double>(version(kFarToo, value)), static_cast<double>(now + kDay),
                60'000.0);
  }
}

TEST_F(BulkBodyTest, ADocumentIsOneLineWithOneTimestamp) {
  EXPECT_THAT(Add(Message("t", "\n {\n\"a\"\n:\"\\n\"}\n")),
              testing::EndsWith("\n{\"@timestamp\":\"2026-11-18T11:06:40Z\", \"a\" :\"\\n\"} \n"));
  EXPECT_THAT(Add(Message("t", "{ \t}")),
              testing::EndsWith("\n{\"@timestamp\":\"2026-11-18T11:06:40Z\" \t}\n"));
  EXPECT_THAT(Add(Message("t", R"({"@timestamp":"2026-01-01"})")),
              testing::EndsWith("\n{\"@timestamp\":\"2026-01-01\"}\n"));
  EXPECT_THAT(Add(Message("t", R"({"a":"\"@timestamp\"","b":{"@timestamp":1}})")),
              testing::EndsWith("\n{\"@timestamp\":\"2026-11-18T11:06:40Z\","
                                "\"a\":\"\\\"@timestamp\\\"\",\"b\":{\"@timestamp\":1}}\n"));
}

TEST_F(BulkBodyTest, GivesEveryMessageBackAsItCame) {
  const std::vector<std::string> values{"{}",   R"({"a":1})", "{ \"a\":\n1}",
                                        "\t{}", "{} ",        R"({"@timestamp":"2026-01-01"})"};
  std::vector<ConsumedMessage> messages;
  for (const auto& value : values) messages.push_back(Message("t", value));
  messages.push_back(Message("steamusers", std::nullopt));
  messages.push_back(Message("u", "{}"));
  messages.back().key = std::nullopt;
  messages.back().event_id = std::nullopt;
  for (int round = 0; round < 2; ++round) {
    for (const ConsumedMessage& message : messages) Add(message);
    ASSERT_EQ(body_.items(), messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
      std::string room;
      const ConsumedMessage back = body_.Message(i, room);
      EXPECT_EQ(back.topic, messages[i].topic);
      EXPECT_EQ(back.key, messages[i].key);
      EXPECT_EQ(back.value, messages[i].value);
      EXPECT_EQ(back.event_id, messages[i].event_id.value_or("u/2026-11-18T11:06:40.000Z/3/41"));
      EXPECT_EQ(back.partition, 3);
      EXPECT_EQ(back.offset, 41);
      EXPECT_EQ(back.timestamp_ms, 1'795'000'000'000);
    }
    EXPECT_GT(body_.bytes(), 100U);
    body_.Clear();
    EXPECT_EQ(body_.bytes(), 0U);
    EXPECT_EQ(body_.Text(0, 0), "");
  }
}

TEST(IndexNameTest, IsThePrefixAndTheTopicInLowerCase) {
  EXPECT_EQ(AliasName("", "topic_currPlayer"), "topic_currplayer");
  EXPECT_EQ(AliasName("dev-", "_T"), "dev-_t");
  for (const std::string& topic :
       {std::string("_t"), std::string("-t"), std::string(".t"), std::string(248, 'a')}) {
    EXPECT_EQ(test::CodeOf([&] { AliasName("", topic); }), ExitCode::kConfig) << topic;
  }
}

}  // namespace
}  // namespace steamflow
