#include "json_document.h"

#include <gtest/gtest.h>

namespace steamflow {
namespace {

std::string ErrorOf(std::string_view text) {
  const auto json = ParseJson(text);
  return json ? "none" : json.error();
}

TEST(ParseJsonTest, KeepsTheOrderOfFields) {
  constexpr char kText[] = R"({"z":1,"a":{"y":[true,null,"b"],"x":-2.5}})";
  EXPECT_EQ(FormatJson(ParseJson(kText).value()), kText);
}

TEST(ParseJsonTest, SaysWhatIsWrongWithoutTheText) {
  EXPECT_EQ(ErrorOf(""), "not valid JSON (at byte 1)");
  EXPECT_EQ(ErrorOf(R"({"password":"secret)"), "not valid JSON (at byte 20)");
  EXPECT_EQ(ErrorOf("{} {}"), "not valid JSON (at byte 4)");
  EXPECT_EQ(ErrorOf("\"\xFF\""), "not valid JSON (at byte 2)");
  EXPECT_EQ(ErrorOf(R"(["\ud800"])"), "not valid JSON (at byte 9)");
  EXPECT_EQ(ErrorOf("1e999"), "not valid JSON (a number that is too large)");
}

TEST(ParseJsonTest, RejectsANul) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(ErrorOf("{}\0"sv), "not valid JSON (at byte 3)");
  EXPECT_EQ(ErrorOf("{}\0{\"a\":1}"sv), "not valid JSON (at byte 3)");
  EXPECT_EQ(ErrorOf("\0{}"sv), "not valid JSON (at byte 1)");
  EXPECT_EQ(ErrorOf("{\"a\0\":1}"sv), "not valid JSON (at byte 4)");
}

TEST(ParseJsonTest, TakesNoNameTwiceInAnObject) {
  EXPECT_EQ(ErrorOf(R"({"a":[{"b":1},{"b":1}],"b":{"b":1}})"), "none");
  EXPECT_EQ(ErrorOf(R"([{"a":1,"b":2,"a":1}])"), "duplicate field 'a'");
  EXPECT_EQ(ErrorOf(R"({"a":1,"\u0061":1})"), "duplicate field 'a'");
  EXPECT_EQ(ErrorOf(R"({"b":{"c":1},"a":[{"b":1},{"b":1,"b":1}]})"), "duplicate field 'a.b'");
}

// A document of any depth would overflow the stack of the functions that go through it.
TEST(ParseJsonTest, TakesNoMoreLevelsThanAnythingHas) {
  const auto nested = [](std::size_t levels, const std::string& open, const std::string& close) {
    std::string text;
    for (std::size_t i = 0; i < levels; ++i) text += open;
    text += "1";
    for (std::size_t i = 0; i < levels; ++i) text += close;
    return text;
  };
  EXPECT_EQ(ErrorOf(nested(200, "[", "]")), "none");
  EXPECT_EQ(ErrorOf(nested(100'000, "[", "]")), "nested too deeply");
  EXPECT_EQ(ErrorOf(nested(100'000, R"({"a":)", "}")), "nested too deeply");
}

TEST(FormatJsonTest, IsAlwaysOneLineOfPrintableText) {
  EXPECT_EQ(FormatJson("\x01\n\x7F\xC2\x80\xC2\x9B\xC2\xA0\xEB\xAA\xAC"),
            "\"\\u0001\\n\\u007f\\u0080\\u009b\xC2\xA0\xEB\xAA\xAC\"");
  EXPECT_EQ(FormatJson("a\xFF\xC2"), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(FormatJson({{"\xC2\x9B", 1}}), R"({"\u009b":1})");
}

TEST(FormatJsonTest, KeepsTheDigitsOfNumbers) {
  constexpr char kText[] = "[18446744073709551615,-9223372036854775808,0.412]";
  EXPECT_EQ(FormatJson(ParseJson(kText).value()), kText);
}

TEST(FieldOfTest, IsNullWhereThereIsNone) {
  const Json json{{"a", {{"b", "c"}}}};
  EXPECT_EQ(TextOf(FieldOf(FieldOf(json, "a"), "b")), "c");
  EXPECT_EQ(TextOf(FieldOf(json, "a")), R"({"b":"c"})");
  EXPECT_TRUE(FieldOf(json, "c").is_null());
  EXPECT_TRUE(FieldOf(FieldOf(json, "c"), "d").is_null());
  EXPECT_TRUE(FieldOf(Json::array({1}), "0").is_null());
}

TEST(WholeNumberOfTest, IsNothingForWhatIsNone) {
  EXPECT_EQ(WholeNumberOf(-7), -7);
  EXPECT_EQ(WholeNumberOf(ParseJson("9223372036854775807").value()), 9223372036854775807);
  for (const char* text : {"9223372036854775808", "1.0", "1e3", "\"1\"", "null", "[1]"}) {
    EXPECT_EQ(WholeNumberOf(ParseJson(text).value()), std::nullopt) << text;
  }
}

TEST(LeavesOfTest, NamesEveryLeafByItsPath) {
  EXPECT_EQ(ParseLeaves(R"({"a":{"b":[1,"2",{"c":true}]},"d":{},"e":[],"f":null})"),
            (JsonLeaves{{"a.b.0", "1"},
                        {"a.b.1", "2"},
                        {"a.b.2.c", "true"},
                        {"d", "{}"},
                        {"e", "[]"},
                        {"f", "null"}}));
  EXPECT_EQ(ParseLeaves(R"({"a.b":"1"})"), ParseLeaves(R"({"a":{"b":1}})"));
  EXPECT_EQ(ParseLeaves("7"), (JsonLeaves{{"", "7"}}));
  EXPECT_EQ(ParseLeaves("{"), JsonLeaves());
}

}  // namespace
}  // namespace steamflow
