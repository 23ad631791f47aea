#include "bulk_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "index_names.h"
#include "test_run.h"

namespace steamflow {
namespace {

class BulkBodyTest : public testing::Test {
 protected:
  // Adds a message, and gives the lines that it makes.
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

TEST_F(BulkBodyTest, AnEventIsCreatedInItsMonth) {
  EXPECT_EQ(Add(Message("t", R"({"a": 1,"timestamp":"2026-12-01T07:34:00+09:00"})"), "p-t"),
            R"({"create":{"_index":"p-t-2026.11","_id":"id"}}
{"@timestamp":"2026-11-30T22:34:00Z","a": 1,"timestamp":"2026-12-01T07:34:00+09:00"}
)");
  ConsumedMessage message = Message("t", "{}");
  message.event_id = "a \"quoted\"\nid";
  EXPECT_EQ(Add(message), R"({"create":{"_index":"i-2026.11","_id":"a \"quoted\"\nid"}}
{"@timestamp":"2026-11-18T11:06:40Z"}
)");
}

TEST_F(BulkBodyTest, TheEventIdNamesTheMonthWhereItNamesATime) {
  ConsumedMessage message = Message("t", R"({"timestamp":"2026-12-01T00:00:00Z"})");
  message.event_id = "t/2026-11-30T23:59Z/7";
  EXPECT_THAT(Add(message), testing::StartsWith(R"({"create":{"_index":"i-2026.11",)"));
}

TEST_F(BulkBodyTest, OfStateTheNewestVersionIsKept) {
  EXPECT_EQ(
      Add(Message("steamusers", R"({"steamid":"7","timestamp":"2026-11-22T22:34:00Z"})")),
      R"({"index":{"_index":"i","_id":"7","version":1795386840000,"version_type":"external_gte"}}
{"@timestamp":"2026-11-22T22:34:00Z","steamid":"7","timestamp":"2026-11-22T22:34:00Z"}
)");
  EXPECT_EQ(
      Add(Message("steamusers", std::nullopt)),
      R"({"delete":{"_index":"i","_id":"7","version":1795000000000,"version_type":"external_gte"}}
)");
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
      EXPECT_EQ(back.event_id, messages[i].event_id.value_or("u/3/41"));
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
  EXPECT_EQ(IndexName("", "topic_currPlayer"), "topic_currplayer");
  EXPECT_EQ(IndexName("dev-", "_T"), "dev-_t");
  for (const std::string& topic :
       {std::string("_t"), std::string("-t"), std::string(".t"), std::string(248, 'a')}) {
    EXPECT_EQ(test::CodeOf([&] { IndexName("", topic); }), ExitCode::kConfig) << topic;
  }
}

}  // namespace
}  // namespace steamflow
