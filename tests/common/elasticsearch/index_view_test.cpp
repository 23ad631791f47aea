#include "index_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace steamflow {
namespace {

using testing::HasSubstr;

IndexView View(const std::string& parts) {
  return ReadIndex(R"({"t-1":{)" + parts + "}}").value();
}

std::string WhyNot(const std::string& parts, bool hides_tombstones = false) {
  return WhyNotForSink(View(parts), {"t-1", "t", hides_tombstones}).value_or("");
}

TEST(IndexViewTest, WhatHasTheNameIsOneIndex) {
  EXPECT_EQ(ReadIndex(R"({"other":{"aliases":{"t-1":{}}}})")->place, "other");
  EXPECT_THAT(ReadIndex(R"({"a":{},"b":{}})").error(), HasSubstr("several indices (a, b)"));
  EXPECT_THAT(ReadIndex(R"({".ds-t-1":{"data_stream":"t-1"}})").error(), HasSubstr("data stream"));
  EXPECT_FALSE(ReadIndex("{}"));
  EXPECT_FALSE(ReadIndex("<html>"));
  EXPECT_EQ(ReadSimulatedIndex(R"({"template":{"aliases":{"t":{}}}})", "t-1")->aliases.size(), 1U);
  EXPECT_EQ(ReadSimulatedIndex("{}", "t-1")->aliases.size(), 0U);
}

TEST(IndexViewTest, ASinkWritesWhereDocumentsAreFoundWholeAndUnchanged) {
  const std::string alias = R"("aliases":{"t":{}})";
  EXPECT_EQ(WhyNot(alias), "");
  EXPECT_EQ(WhyNotForSink(View(""), {.name = "t-1"}), std::nullopt) << "this index needs no alias";
  EXPECT_THAT(WhyNot(R"("aliases":{"t-1":{}})"), HasSubstr("not have the alias t,"));
  EXPECT_THAT(WhyNot(alias, true), HasSubstr("deleted documents"));
  EXPECT_EQ(WhyNot(R"("aliases":{"t":{"filter":{"term":{"@tombstone":false}}}})", true), "");
  for (const char* source : {R"("enabled":false)", R"("enabled":"false")", R"("excludes":["a"])",
                             R"("includes":"a")", R"("mode":"disabled")"}) {
    EXPECT_THAT(WhyNot(alias + R"(,"mappings":{"_source":{)" + source + "}}"), HasSubstr("_source"))
        << source;
  }
  EXPECT_EQ(WhyNot(alias + R"(,"mappings":{"_source":{"enabled":true,"excludes":[]}})"), "");
  for (const char* setting : {"default_pipeline", "final_pipeline"}) {
    const auto with = [&](const std::string& name) {
      return WhyNot(alias + R"(,"settings":{"index":{")" + setting + "\":\"" + name + "\"}}");
    };
    EXPECT_THAT(with("p"), HasSubstr(std::string("pipeline p (index.") + setting));
    EXPECT_EQ(with("_none"), "");
  }
}

class MappingDifferenceTest : public testing::Test {
 protected:
  // Returns what is to blame in an index with these mappings and settings, for a record with this
  // value.
  static std::string Blame(const std::string& mappings, std::optional<std::string_view> value,
                           const std::string& reason = "failed to parse",
                           const std::string& settings = R"("ignore_malformed":"true")") {
    const IndexView index =
        View(R"("mappings":{)" + mappings + R"(},"settings":{"index":{"uuid":"x","mapping":{)" +
             settings + "}}}");
    const auto installed = ParseJson(R"({"settings":{"index":{"number_of_shards":1,
        "mapping":{"ignore_malformed":true}}},"mappings":{"dynamic":false,"properties":{
        "@timestamp":{"type":"date"},
        "a":{"type":"text","fields":{"k":{"type":"keyword","ignore_above":256}}},
        "n":{"type":"long"}}}})");
    return MappingDifference(index, *installed).ToBlame(value, reason).value_or("");
  }
  static std::string Installed(const std::string& more = "", const std::string& n = "long") {
    return R"("dynamic":"false","properties":{"@timestamp":{"type":"date"},"a":{"type":"text",)"
           R"("fields":{"k":{"type":"keyword","ignore_above":256}}},"n":{"type":")" +
           n + "\"}" + more + "}";
  }
};

TEST_F(MappingDifferenceTest, NothingIsToBlameWhereAllIsAsInstalled) {
  EXPECT_EQ(Blame(Installed(), R"({"a":1,"n":2,"other":3})"), "");
  EXPECT_EQ(Blame(R"("dynamic":"false")", R"({"a":1})"), "") << "a field that is not mapped";
}

TEST_F(MappingDifferenceTest, WhatTheRecordHasIsToBlame) {
  EXPECT_EQ(Blame(Installed("", "ip"), R"({"a":1,"n":2})"), "its mapping of n");
  EXPECT_EQ(Blame(Installed("", "ip"), R"({"a":1})"), "");
  EXPECT_EQ(Blame(Installed(R"(,"x":{"type":"long"})"), R"({"x.y":1})"), "its mapping of x");
  EXPECT_EQ(Blame(R"("properties":{})", R"({"z":1})"), "its mapping of @timestamp");
  EXPECT_EQ(Blame(R"("dynamic":"false","properties":{"@timestamp":{"type":"long"}})", "{}"),
            "its mapping of @timestamp");
  EXPECT_EQ(Blame(Installed(R"(,"steamid":{"type":"long"})"), std::nullopt),
            "its mapping of steamid");
}

TEST_F(MappingDifferenceTest, AFieldThatTheServerNamesIsAloneToBlame) {
  const std::string mappings = Installed(R"(,"x":{"type":"long"})");
  const auto blame = [&](const std::string& reason) {
    return Blame(mappings, R"({"a":1,"x":2})", reason);
  };
  EXPECT_EQ(blame("m: failed to parse field [a] of type [text] in document with id '[x]'"), "");
  EXPECT_EQ(blame("m: failed to parse field [x.y] of type [long]"), "its mapping of x");
  EXPECT_EQ(blame("[1:15] failed to parse field [a] of type [text]"), "");
  EXPECT_EQ(blame("m: object mapping for [x] tried to parse field [x] as object"),
            "its mapping of x");
  EXPECT_EQ(blame(R"(Document contains at least one immense term in field="a" (whose...)"), "");
  EXPECT_EQ(blame("m: failed to parse field [copy] of type [long], '[a]'"), "its mapping of x")
      << "the record does not have this field";
  EXPECT_EQ(blame("m: failed to parse (Duplicate field 'a' at [Source: x])"), "its mapping of x");
}

TEST_F(MappingDifferenceTest, SettingsThatRefuseValuesAreToBlame) {
  EXPECT_EQ(Blame(Installed(), "{}", "", R"("ignore_malformed":"false")"),
            "its setting index.mapping.ignore_malformed");
  EXPECT_EQ(Blame(Installed(), "{}", "", ""), "its setting index.mapping.ignore_malformed");
  EXPECT_EQ(Blame(Installed(), "{}", "", R"("ignore_malformed":"true","coerce":"false")"),
            "its setting index.mapping.coerce");
  EXPECT_EQ(
      Blame(Installed(), "{}", "", R"("ignore_malformed":"true","total_fields":{"limit":"5000"})"),
      "");
}

}  // namespace
}  // namespace steamflow
