#include "report.h"

#include <gtest/gtest.h>

namespace steamflow::test {
namespace {

TopicComparison Example() {
  return {
      .topic = "steam_news",
      .acknowledged = 30,
      .lost = 1,
      .kafka = 29,
      .duplicates = 2,
      .stores = {{.name = "postgres", .held = 25, .missing = 1, .pending = 2, .dead_letters = 1},
                 {.name = "elasticsearch", .held = 28, .expired = 1}},
      .differences = {"one"}};
}

TEST(Comparison, LineNamesWhatIsNotZero) {
  EXPECT_EQ(FormatLine(Example(), true),
            "DIFF  steam_news          kafka: 29 (2 duplicates), acknowledged: 30 (1 lost), "
            "postgres: 25 (1 missing, 2 pending, 1 dead letters), elasticsearch: 28 (1 expired)");
  EXPECT_EQ(
      FormatLine({.topic = "a", .kafka = 3, .stores = {{.name = "postgres", .held = 3}}}, false),
      "ok    a                   kafka: 3, postgres: 3");
}

TEST(Comparison, JsonHasEveryCount) {
  EXPECT_EQ(FormatJson(ToJson(Example(), true)),
            R"({"acknowledged":30,"lost":1,"kafka":29,"duplicates":2,)"
            R"("postgres":{"held":25,"missing":1,"pending":2,"dead_letters":1,"expired":0},)"
            R"("elasticsearch":{"held":28,"missing":0,"pending":0,"dead_letters":0,"expired":1}})");
  EXPECT_EQ(FormatJson(ToJson({.topic = "a", .kafka = 3}, false)), R"({"kafka":3,"duplicates":0})");
}

}  // namespace
}  // namespace steamflow::test
