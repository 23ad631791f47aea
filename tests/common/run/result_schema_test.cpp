#include "result_schema.h"

#include <gtest/gtest.h>

#include "json_schema.h"

namespace steamflow {
namespace {

Json Parts() {
  return {{"entries", schema::ListOf(schema::Text())},
          {"report", schema::Object({{"lines", schema::Count()}})}};
}

TEST(ResultSchemaTest, HasThePartsOfTheTaskBesideThoseOfEveryResult) {
  const Json result = ResultSchema("a-task", Parts);
  EXPECT_EQ(FormatJson(result["required"]),
            R"(["task","version","status","exit_code","retryable","run","error",)"
            R"("elapsed_seconds"])");
  const Json& properties = result["properties"];
  EXPECT_EQ(FormatJson(properties["task"]), R"({"type":"string","enum":["a-task"]})");
  EXPECT_EQ(FormatJson(properties["entries"]), R"({"type":"array","items":{"type":"string"}})");
  EXPECT_EQ(FormatJson(properties["entries_omitted"]), R"({"type":"integer","minimum":0})");
  EXPECT_EQ(FormatJson(properties["report"]),
            R"({"type":["object","null"],"properties":{"lines":{"type":"integer","minimum":0}},)"
            R"("additionalProperties":false,"required":["lines"]})");
  EXPECT_EQ(properties.size(), 11U);
  EXPECT_FALSE(result["additionalProperties"].get<bool>());
}

TEST(ResultSchemaTest, NamesEachKindOfErrorOnce) {
  const Json kinds =
      ResultSchema("a-task", Parts)["properties"]["error"]["properties"]["kind"]["enum"];
  EXPECT_EQ(FormatJson(kinds), R"(["usage","data","internal","transient","auth","config",)"
                               R"("skipped","interrupted"])");
}

}  // namespace
}  // namespace steamflow
