#include "message_pack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace airflow {
namespace {

using testing::HasSubstr;

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

TEST(MessagePackTest, BringsBackWhatItWrites) {
  const Json json = {{"text", "한국어"},
                     {"numbers", {0, -1, -32, -33, 127, 128, 65536, -2147483649}},
                     {"large", 18446744073709551615U},
                     {"fraction", 0.25},
                     {"flags", {true, false, nullptr}},
                     {"empty", {Json::object(), Json::array(), ""}}};
  EXPECT_EQ(ParseMessagePack(FormatMessagePack(json)), json);
}

TEST(MessagePackTest, ReadsNegativeFixints) {
  EXPECT_EQ(ParseMessagePack(Bytes({0xFF})), Json(-1));
  EXPECT_EQ(ParseMessagePack(Bytes({0xE0})), Json(-32));
}

TEST(MessagePackTest, MakesTimestampsText) {
  EXPECT_EQ(ParseMessagePack(Bytes({0xD6, 0xFF, 0, 0, 0, 1})), Json("1970-01-01T00:00:01.000000Z"));
  EXPECT_EQ(ParseMessagePack(Bytes({0xD7, 0xFF, 0x3B, 0x9A, 0xCA, 0x00, 0, 0, 0, 1})),
            Json("1970-01-01T00:00:01.250000Z"));
  EXPECT_EQ(ParseMessagePack(Bytes({0xC7, 12, 0xFF, 0x0E, 0xE6, 0xB2, 0x80, 0xFF, 0xFF, 0xFF, 0xFF,
                                    0xFF, 0xFF, 0xFF, 0xFF})),
            Json("1969-12-31T23:59:59.250000Z"));
}

TEST(MessagePackTest, HasNothingForExtensionsThatItDoesNotKnow) {
  EXPECT_EQ(ParseMessagePack(Bytes({0xD4, 5, 1})), Json());
  EXPECT_EQ(ParseMessagePack(Bytes({0xD4, 0xFF, 1})), Json()) << "a timestamp of one byte";
  EXPECT_EQ(ParseMessagePack(Bytes({0xD7, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})),
            Json())
      << "more than a second of nanoseconds";
}

TEST(MessagePackTest, MakesBytesText) {
  EXPECT_EQ(ParseMessagePack(Bytes({0xC4, 2, 'h', 'i'})), Json("hi"));
}

TEST(MessagePackTest, RefusesWhatIsNoValueOrMoreThanOne) {
  for (const std::string& bytes :
       {Bytes({}), Bytes({0xC1}), Bytes({0x92, 1}), Bytes({0xD9, 200, 'a'}), Bytes({1, 2}),
        Bytes({0x81, 1, 1}), Bytes({0xDD, 0xFF, 0xFF, 0xFF, 0xFF})}) {
    const auto json = ParseMessagePack(bytes);
    ASSERT_FALSE(json) << testing::PrintToString(bytes);
    EXPECT_THAT(json.error(), HasSubstr("not valid MessagePack"));
  }
}

TEST(MessagePackTest, RefusesWhatIsTooDeep) {
  const auto json = ParseMessagePack(std::string(10'000'000, '\x91'));
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error(), "it is nested too deeply");
}

TEST(MessagePackTest, SendsValidTextOnly) {
  const auto json = ParseMessagePack(FormatMessagePack({{"text", "a\xFF\xF0\x9F"}}));
  ASSERT_TRUE(json);
  EXPECT_EQ((*json)["text"], "a\uFFFD\uFFFD");
}

TEST(MessagePackTest, FormatsTimes) {
  EXPECT_EQ(FormatTime(1795386840, 999999999), "2026-11-22T22:34:00.999999Z");
  EXPECT_EQ(FormatTime(-62135596800, 0), "0001-01-01T00:00:00.000000Z");
  EXPECT_EQ(FormatTime(-62135596801, 0), "");
  EXPECT_EQ(FormatTime(253402300800, 0), "");
}

}  // namespace
}  // namespace airflow
