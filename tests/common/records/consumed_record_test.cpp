#include "consumed_record.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace steamflow {
namespace {

constexpr char kGame[] =
    R"({"appid":570,"name":"Dota 2","playtime_2weeks":1,"playtime_forever":20,"steam_id":"76561197960434622","timestamp":"2026-11-23T07:34:00+09:00"})";
const Instant kInterval = *ParseInstant("2026-11-22T22:34:00Z");
const Instant kKafkaTime = *ParseInstant("2026-11-30T00:00:07Z");

ConsumedMessage Message(std::string_view topic, std::optional<std::string_view> value) {
  ConsumedMessage message;
  message.topic = topic;
  message.partition = 3;
  message.offset = 42;
  message.timestamp_ms = kKafkaTime.time_since_epoch().count() * 1000 + 890;
  message.key = "76561197960434622";
  message.value = value;
  return message;
}

class ConsumedRecordTest : public testing::Test {
 protected:
  ConsumedRecord Taken(const ConsumedMessage& message) {
    auto record = parser_.Parse(message);
    EXPECT_TRUE(record) << record.error();
    return record.value_or(ConsumedRecord{});
  }
  std::string Refused(const ConsumedMessage& message) {
    const auto record = parser_.Parse(message);
    return record ? "taken" : record.error();
  }
  std::string RefusedValue(std::string_view value) { return Refused(Message("any", value)); }

  ConsumedRecordParser parser_;
};

TEST_F(ConsumedRecordTest, HasTheFieldsOfItsKind) {
  const ConsumedRecord record = Taken(Message("rct_plyd_games", kGame));
  EXPECT_EQ(record.kind, RecordKind::kRecentGame);
  EXPECT_TRUE(record.has_fields);
  EXPECT_EQ(record.fields[0].number, 76561197960434622);  // a string in the value
  EXPECT_EQ(record.fields[1].number, 570);
  EXPECT_EQ(record.fields[2].text, "Dota 2");
  EXPECT_EQ(record.fields[4].number, 20);
  EXPECT_TRUE(record.fields[5].is_null);
  EXPECT_EQ(record.message.value, kGame);
}

TEST_F(ConsumedRecordTest, WithoutARequiredFieldHasNone) {
  EXPECT_FALSE(Taken(Message("rct_plyd_games", R"({"appid":570})")).has_fields);
  EXPECT_FALSE(Taken(Message("topic_currPlayer", R"({"player_count":"many"})")).has_fields);
  EXPECT_TRUE(Taken(Message("topic_currPlayer", R"({"player_count":7})")).has_fields);
  EXPECT_FALSE(Taken(Message("any", kGame)).has_fields);
}

TEST_F(ConsumedRecordTest, EventIdIsTheHeaderOrThePlaceInKafka) {
  ConsumedMessage message = Message("any", "{}");
  EXPECT_EQ(Taken(message).message.event_id, "any/2026-11-30T00:00:07.890Z/3/42");
  message.event_id = "";
  EXPECT_EQ(Taken(message).message.event_id, "any/2026-11-30T00:00:07.890Z/3/42");
  EXPECT_EQ(Taken(message).id_time, kKafkaTime);
  message.event_id = "mine";
  EXPECT_EQ(Taken(message).message.event_id, "mine");
}

TEST_F(ConsumedRecordTest, TimeIsTheRecordsOwn) {
  EXPECT_EQ(Taken(Message("any", kGame)).event_time, kInterval);
  EXPECT_EQ(Taken(Message("any", R"({"a":1})")).event_time, kKafkaTime);
  EXPECT_EQ(Taken(Message("any", R"({"timestamp":"soon"})")).event_time, kKafkaTime);
  // The date of a news item stays the same however often it is fetched.
  const char* news = R"({"gid":"1","date":1749978054,"timestamp":"2026-11-23T07:34:00+09:00"})";
  EXPECT_EQ(Taken(Message("steam_news", news)).event_time, *ParseInstant("2025-06-15T09:00:54Z"));
  EXPECT_EQ(Taken(Message("any", news)).event_time, kInterval);
}

TEST_F(ConsumedRecordTest, TimeOutsideOfACenturyIsRefused) {
  for (const char* time :
       {"1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "9999-12-31T00:00:00Z"}) {
    EXPECT_EQ(RefusedValue(R"({"timestamp":")" + std::string(time) + R"("})"),
              "a time outside of 2000 to 2099");
  }
  ConsumedMessage timeless = Message("any", "{}");
  timeless.timestamp_ms.reset();
  EXPECT_EQ(Refused(timeless), "no time, neither in the value nor from Kafka");
}

TEST_F(ConsumedRecordTest, TellsTheTimeThatTheEventIdNames) {
  ConsumedMessage message = Message("any", "{}");
  for (const char* id :
       {"t/2026-11-22T22:34Z/7656119", "t/570/2026-11-22T22:34Z", "t/2026-11-22T22:34:00Z",
        "t/2026-11-22T22:34:00.000Z/0/1", "t/2026-11-22T22:34Z/2025-01-01T00:00Z",
        "t/1999-11-22T22:34Z/2026-11-22T22:34Z"}) {
    message.event_id = id;
    EXPECT_EQ(Taken(message).id_time, kInterval) << id;
  }
  for (const char* id :
       {"steam_news/5000000016237300000", "t/2026-11-22T22:34ZZ", "t/xxxx-xx-xxTxx:xxZ",
        "t/2026-11-22T22:34", "t/2026-11-22T22:34+01:00", "t/2026-11-22", "t/2026-13-22T22:34Z",
        "t/2100-11-22T22:34Z", "t 2026-11-22T22:34Z"}) {
    message.event_id = id;
    EXPECT_EQ(Taken(message).id_time, std::nullopt) << id;
  }
}

TEST_F(ConsumedRecordTest, PlayerIsStateUnderItsSteamid) {
  const char* player =
      R"({"steamid":"76561197960434618","personaname":"나","timecreated":1063407600})";
  for (const char* topic : {"topic_GetUserInfo", "steamusers"}) {
    const ConsumedRecord record = Taken(Message(topic, player));
    EXPECT_EQ(record.state_id, "76561197960434618");
    EXPECT_EQ(record.fields[0].number, 76561197960434618);
    EXPECT_EQ(record.fields[1].text, "나");
    EXPECT_EQ(record.fields[10].number, 1063407600);
  }
  EXPECT_EQ(Taken(Message("steamusers", "{}")).state_id, "76561197960434622")
      << "taken from the key";
  EXPECT_EQ(Refused(Message("steamusers", R"({"steamid":"me"})")).substr(0, 5), "taken");
  ConsumedMessage nobody = Message("steamusers", R"({"steamid":"me"})");
  nobody.key = "me";
  EXPECT_EQ(Refused(nobody), "no steamid");
}

// The version is the earliest of three times: the record's time, a day after Kafka's time, and a
// day from now.
TEST_F(ConsumedRecordTest, NoVersionIsFarAheadOfKafkaOrOfNow) {
  const auto version = [](const char* time, Instant now) {
    ConsumedRecordParser parser(now);
    const std::string value = R"({"timestamp":")" + std::string(time) + R"("})";
    const auto record = parser.Parse(Message("steamusers", value));
    EXPECT_TRUE(record) << record.error();
    EXPECT_EQ(record->event_time, record->version_time);
    return record->version_time;
  };
  constexpr std::chrono::hours kDay(24);
  EXPECT_EQ(version("2026-11-22T22:34:00Z", kKafkaTime), kInterval);
  EXPECT_EQ(version("9999-12-31T00:00:00Z", kKafkaTime + 2 * kDay), kKafkaTime + kDay);
  EXPECT_EQ(version("2026-12-31T00:00:00Z", kInterval), kInterval + kDay);
  ConsumedRecordParser early(kInterval);
  EXPECT_EQ(early.Parse(Message("steamusers", std::nullopt))->version_time, kInterval + kDay);
}

TEST_F(ConsumedRecordTest, NewsAreOfTheFeedThatWasAsked) {
  const auto feed = [&](const char* value) {
    return Taken(Message("steam_news", value)).fields[0];
  };
  EXPECT_EQ(feed(R"({"gid":"1","appid":7,"feed_appid":440})").number, 440);
  EXPECT_EQ(feed(R"({"gid":"1","appid":7})").number, 7);
  EXPECT_FALSE(Taken(Message("steam_news", R"({"gid":"1"})")).has_fields);
  const std::string long_gid = R"({"appid":7,"gid":")" + std::string(513, '1') + "\"}";
  EXPECT_FALSE(Taken(Message("steam_news", long_gid)).has_fields);
}

TEST_F(ConsumedRecordTest, TombstoneIsForStateOnly) {
  const ConsumedRecord record = Taken(Message("topic_GetUserInfo", std::nullopt));
  EXPECT_TRUE(record.is_tombstone());
  EXPECT_EQ(record.state_id, "76561197960434622");
  EXPECT_EQ(record.event_time, kKafkaTime);
  EXPECT_EQ(Refused(Message("topic_currPlayer", std::nullopt)), "an empty value");
  EXPECT_EQ(Refused(Message("topic_GetUserInfo", "")), "an empty value");
  ConsumedMessage keyless = Message("topic_GetUserInfo", std::nullopt);
  keyless.key.reset();
  EXPECT_EQ(Refused(keyless), "no steamid");
}

TEST_F(ConsumedRecordTest, PoisonIsRefused) {
  for (const char* broken : {"x", "{", R"({"a":1}})", R"({"a":01})", R"({"a":"\ud800"})",
                             R"({"a":"\udc00\ud800"})", "{\"a\":\"\xFF\"}", R"({"a":1,})"}) {
    EXPECT_EQ(RefusedValue(broken).substr(0, 8), "not JSON") << broken;
  }
  EXPECT_EQ(RefusedValue(std::string_view("{\"a\":\"\0\"}", 9)).substr(0, 8), "not JSON");
  for (const char* other : {"[1]", "7", R"("text")", "null"}) {
    EXPECT_EQ(RefusedValue(other), "JSON, but not an object") << other;
  }
  EXPECT_EQ(RefusedValue(""), "an empty value");
}

TEST_F(ConsumedRecordTest, NulIsFoundOnlyWhereItIsOne) {
  for (const char* nul : {R"({"a":"\u0000"})", R"({"\u0000":1})", R"({"a":"\\\u0000"})",
                          R"({"a":"\\u0000 \u0000"})"}) {
    EXPECT_EQ(RefusedValue(nul), "a NUL in a string") << nul;
  }
  for (const char* none : {R"({"a":"\\u0000"})", R"({"a":"\\\\u0000"})", R"({"a":"u0000"})"}) {
    EXPECT_EQ(RefusedValue(none), "taken") << none;
  }
}

// JSON has numbers that no machine type can represent, and so do the databases.
TEST_F(ConsumedRecordTest, LargeNumbersAreTaken) {
  for (const char* number :
       {"18446744073709551616", "1e400", "-1E-999", "0.1234567890123456789012"}) {
    const std::string value =
        R"({"x":)" + std::string(number) + R"(,"appid":570,"s":"1e400 \" 1e400","player_count":5})";
    const ConsumedRecord record = Taken(Message("topic_currPlayer", value));
    EXPECT_EQ(record.message.value, value);
    EXPECT_EQ(record.fields[1].number, 570);
    EXPECT_EQ(record.fields[2].number, 5);
  }
  for (const char* broken : {"1e400x", "00000000000000000001", "1e", "-", "1.e400"}) {
    EXPECT_EQ(RefusedValue(R"({"x":)" + std::string(broken) + "}").substr(0, 8), "not JSON")
        << broken;
  }
}

TEST_F(ConsumedRecordTest, NumbersOutOfAColumnsRangeAreNull) {
  const ConsumedRecord news = Taken(
      Message("steam_news",
              R"({"feed_appid":1,"gid":7,"appid":9223372036854775808,"feed_type":1.5,"date":-5,)"
              R"("title":3})"));
  EXPECT_TRUE(news.has_fields);
  EXPECT_EQ(news.fields[1].text, "7");
  EXPECT_TRUE(news.fields[2].is_null);
  EXPECT_EQ(news.fields[3].text, "3");
  EXPECT_TRUE(news.fields[8].is_null);
  EXPECT_TRUE(news.fields[10].is_null);
  EXPECT_EQ(news.event_time, kKafkaTime);
}

TEST_F(ConsumedRecordTest, ANumberThatNoColumnHoldsIsNotZero) {
  for (const char* number : {"18446744073709551616", "-18446744073709551616", "1e400"}) {
    const ConsumedRecord record =
        Taken(Message("topic_currPlayer", R"({"appid":570,"player_count":)" + std::string(number) +
                                              R"(,"x":18446744073709551616})"));
    EXPECT_TRUE(record.fields[2].is_null) << number;
    EXPECT_FALSE(record.has_fields) << number;
  }
}

// This holds beside a number that no machine type can represent, too.
TEST_F(ConsumedRecordTest, WholeNumbersAreExact) {
  for (const std::string other : {"1", "1e400", "18446744073709551616"}) {
    for (const std::int64_t number :
         {std::int64_t{0}, std::int64_t{9007199254740993}, std::int64_t{1234567890123456789},
          std::numeric_limits<std::int64_t>::max()}) {
      const std::string digits = std::to_string(number);
      for (const std::string& text : {digits, '"' + digits + '"'}) {
        const ConsumedRecord game =
            Taken(Message("rct_plyd_games", R"({"x":)" + other + R"(,"steam_id":)" + text +
                                                R"(,"appid":)" + text + R"(,"name":)" + text +
                                                R"(,"playtime_forever":)" + text + "}"));
        for (const std::size_t i : {0U, 1U, 4U}) {
          EXPECT_FALSE(game.fields[i].is_null) << text << ' ' << other;
          EXPECT_EQ(game.fields[i].number, number) << other;
        }
        EXPECT_EQ(game.fields[2].text, digits) << other;
        EXPECT_TRUE(game.has_fields);
      }
    }
  }
}

TEST_F(ConsumedRecordTest, WhatNoColumnOfWholeNumbersHoldsIsNull) {
  for (const std::string other : {"1", "1e400"}) {
    for (const std::string number :
         {"-1", "-9223372036854775808", "-9223372036854775809", "9223372036854775808",
          "18446744073709551615", "18446744073709551616", "1.0", "0.5", "1e3", "true", "null",
          R"("-1")", R"("9223372036854775808")", R"("1.0")", R"("")", R"("1 ")"}) {
      const ConsumedRecord count =
          Taken(Message("topic_currPlayer", R"({"x":)" + other + R"(,"appid":)" + number +
                                                R"(,"player_count":)" + number + "}"));
      EXPECT_TRUE(count.fields[1].is_null) << number << ' ' << other;
      EXPECT_TRUE(count.fields[2].is_null) << number << ' ' << other;
      EXPECT_FALSE(count.has_fields);
    }
  }
}

TEST_F(ConsumedRecordTest, KeysAndIdsMustBeText) {
  ConsumedMessage message = Message("any", "{}");
  message.key = "\xFF";
  EXPECT_EQ(Refused(message), "a key that is not UTF-8 text");
  message.key.reset();
  EXPECT_EQ(Taken(message).message.key, std::nullopt);
  message.event_id = std::string_view("a\0b", 3);
  EXPECT_EQ(Refused(message), "an event id that is not UTF-8 text");
  const std::string long_id(513, 'x');
  message.event_id = long_id;
  EXPECT_EQ(Refused(message), "an event id of 513 bytes");
  message.event_id = std::string_view(long_id).substr(1);
  EXPECT_EQ(Refused(message), "taken");
}

}  // namespace
}  // namespace steamflow
