#include "json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <array>
#include <random>
#include <tuple>

namespace steamflow {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

// Returns what simdjson's DOM parser, the oracle of these tests, reads from a JSON string.
std::string Decode(const std::string& json) {
  simdjson::dom::parser parser;
  return std::string(std::string_view(parser.parse(json).get_string()));
}

bool IsValidJson(const std::string& json) {
  simdjson::dom::parser parser;
  return parser.parse(json).error() == simdjson::SUCCESS;
}

TEST(JsonStringTest, EscapesWhatMustBeAndNothingElse) {
  EXPECT_EQ(Quoted(""), R"("")");
  EXPECT_EQ(Quoted("a/b"), R"("a/b")");
  EXPECT_EQ(Quoted("\"\\\n\r\t"), R"("\"\\\n\r\t")");
  EXPECT_EQ(Quoted(std::string_view("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(Quoted("몬스터 🎮"), "\"몬스터 🎮\"");
}

TEST(JsonStringTest, EscapesControlCharactersOfTheSecondHalf) {
  // A terminal treats U+009B like ESC [.
  EXPECT_EQ(Quoted("\xC2\x9B"
                   "2J"),
            R"("\u009b2J")");
  EXPECT_EQ(Quoted("\xC2\x85"), R"("\u0085")");
  EXPECT_EQ(Quoted("\xC2\xA0"), "\"\xC2\xA0\"");
}

TEST(JsonStringTest, BytesThatAreNoUtf8BecomeReplacementCharacters) {
  const std::string replaced = "\xEF\xBF\xBD";
  EXPECT_EQ(Quoted("a\xFFz"), "\"a" + replaced + "z\"");
  EXPECT_EQ(Quoted("\xC0\xAF"), "\"" + replaced + replaced + "\"");                 // overlong
  EXPECT_EQ(Quoted("\xED\xA0\x80"), "\"" + replaced + replaced + replaced + "\"");  // surrogate
  EXPECT_EQ(Quoted("\xF4\x90\x80\x80").size(), 2 + 4 * replaced.size());  // beyond U+10FFFF
  EXPECT_EQ(Quoted("\xEB\xAA"), "\"" + replaced + replaced + "\"");       // truncated
  EXPECT_EQ(Quoted("\xF0\x9F\x8E\""), "\"" + replaced + replaced + replaced + "\\\"\"");
}

TEST(JsonStringTest, AnyBytesBecomeAValidStringWithoutControlCharacters) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 24, '\0');
    // Half of the bytes begin or continue a sequence.
    for (char& c : text) c = static_cast<char>(random() % 2 ? random() : 0xC0 + random() % 64);
    const std::string json = Quoted(text);
    ASSERT_TRUE(IsValidJson(json)) << testing::PrintToString(text);
    for (const char c : json) ASSERT_GE(static_cast<unsigned char>(c), 0x20);
    if (simdjson::validate_utf8(text)) {
      ASSERT_EQ(Decode(json), text);
    }
  }
}

TEST(JsonObjectTest, KeepsTheOrderAndTheTypes) {
  JsonObject object;
  object.Add("text", "a\"b")
      .Add("low", std::int64_t{-9223372036854775807})
      .Add("high", std::uint64_t{18446744073709551615U})
      .Add("int", -1)
      .Add("yes", true)
      .AddRaw("none", "null")
      .Add("na\nme", "x");
  EXPECT_EQ(object.Take(),
            R"({"text":"a\"b","low":-9223372036854775807,"high":18446744073709551615,)"
            R"("int":-1,"yes":true,"none":null,"na\nme":"x"})");
  EXPECT_EQ(object.Take(), "{}") << "the builder is empty afterwards";
}

struct Repair {
  std::string_view before;
  std::string_view after;
  std::size_t count;
};

TEST(RepairEscapesTest, ReplacesNulAndLoneSurrogatesOnly) {
  const Repair cases[] = {
      {R"("\u0000")", R"("\ufffd")", 1},
      {R"("\\u0000")", R"("\\u0000")", 0},            // a backslash, then text
      {R"("\\\u0000")", R"("\\\ufffd")", 1},          // a backslash, then NUL
      {R"("\\\\u0000")", R"("\\\\u0000")", 0},        // two backslashes, then text
      {R"("\ud83d\ude00")", R"("\ud83d\ude00")", 0},  // a pair
      {R"("\uD83D\uDE00")", R"("\uD83D\uDE00")", 0},
      {R"("\ud83d")", R"("\ufffd")", 1},
      {R"("\ude00")", R"("\ufffd")", 1},
      {R"("\ude00\ud83d")", R"("\ufffd\ufffd")", 2},              // in the wrong order
      {R"("\ud83d\ud83d\ude00")", R"("\ufffd\ud83d\ude00")", 1},  // a lone one before a pair
      {R"("\ud83dx\ude00")", R"("\ufffdx\ufffd")", 2},
      {R"("\ud83d\n\ude00")", R"("\ufffd\n\ufffd")", 2},
      {R"("\ud83d\\ude00")", R"("\ufffd\\ude00")", 1},
      {R"("\ud83d\u0041")", R"("\ufffd\u0041")", 1},
      {R"("\ud83d\u0000")", R"("\ufffd\ufffd")", 2},
      {R"("\u0001\uffff")", R"("\u0001\uffff")", 0},
      // The text ends inside an escape: there is nothing to repair, and nothing past the end may be
      // read.
      {R"(\)", R"(\)", 0},
      {R"(\u)", R"(\u)", 0},
      {R"(\u000)", R"(\u000)", 0},
      {R"(\ud83d\)", R"(\ufffd\)", 1},
      {R"(\ud83d\u)", R"(\ufffd\u)", 1},
      {R"(\ud83d\ude0)", R"(\ufffd\ude0)", 1},
      {R"(\u00g0)", R"(\u00g0)", 0},
      {"", "", 0},
  };
  for (const Repair& each : cases) {
    std::string text(each.before);
    EXPECT_EQ(RepairEscapes(text), each.count) << each.before;
    EXPECT_EQ(text, each.after) << each.before;
  }
}

TEST(RepairEscapesTest, LeavesEveryStringReadableAndFreeOfNul) {
  const std::array<std::string_view, 9> pieces = {
      R"(\u0000)", R"(\ud83d)", R"(\uDE00)", R"(\\)", R"(\")", "u0000", "a", R"(\n)", R"(\u0041)"};
  std::mt19937 random(2);
  for (int round = 0; round < 20'000; ++round) {
    std::string json = "\"";
    for (std::size_t i = random() % 12; i > 0; --i) json += pieces[random() % pieces.size()];
    json += '"';
    const std::string before = json;
    const bool was_valid = IsValidJson(json) && Decode(json).find('\0') == std::string::npos;
    const std::size_t repaired = RepairEscapes(json);
    ASSERT_TRUE(IsValidJson(json)) << before;
    ASSERT_EQ(Decode(json).find('\0'), std::string::npos) << before;
    ASSERT_EQ(repaired == 0, was_valid) << before;
    ASSERT_EQ(RepairEscapes(json), 0U) << before;
  }
}

TEST(ParseJsonObjectTest, GivesFieldsInTheirOrder) {
  const auto fields = ParseJsonObject(
      R"( {"s": "a\u0041\n", "n": 5, "d": 0.5, "b": true, "z": null, "o": {"x": [1, 2]}, "a": []} )");
  ASSERT_TRUE(fields) << fields.error();
  using Type = JsonField::Type;
  const std::vector<std::tuple<std::string, Type, std::string>> expected = {
      {"s", Type::kString, "aA\n"}, {"n", Type::kNumber, "5"},
      {"d", Type::kNumber, "0.5"},  {"b", Type::kBool, "true"},
      {"z", Type::kNull, "null"},   {"o", Type::kObject, R"({"x":[1,2]})"},
      {"a", Type::kArray, "[]"}};
  ASSERT_EQ(fields->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const JsonField& field = (*fields)[i];
    EXPECT_EQ(std::tie(field.name, field.type, field.value), expected[i]);
  }
}

TEST(ParseJsonObjectTest, RefusesTheRestWithoutQuotingIt) {
  for (const char* text :
       {"", " ", "[]", "1", "\"secret\"", "{", R"({"a":1)", R"({"a":1}})", R"({"a":1,})",
        R"({'a':1})", R"({"secret": hunter2})", R"({"a": "\ud800"})", "\xFF", R"({"a":NaN})"}) {
    const auto fields = ParseJsonObject(text);
    ASSERT_FALSE(fields) << text;
    EXPECT_THAT(fields.error(), testing::StartsWith("not ")) << text;
    EXPECT_EQ(fields.error().find("hunter2"), std::string::npos);
  }
}

TEST(ParseJsonArrayTest, GivesElementsAndRefusesTheRest) {
  const auto elements = ParseJsonArray(R"([1623730, "582010", [3]])");
  ASSERT_TRUE(elements);
  ASSERT_EQ(elements->size(), 3U);
  EXPECT_EQ((*elements)[1].value, "582010");
  EXPECT_EQ((*elements)[2].type, JsonField::Type::kArray);
  EXPECT_FALSE(ParseJsonArray("{}"));
  EXPECT_FALSE(ParseJsonArray("[1"));
  EXPECT_FALSE(ParseJsonArray("[1] 2"));
}

}  // namespace
}  // namespace steamflow
