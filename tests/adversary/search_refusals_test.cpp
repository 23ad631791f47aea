// If a search server refuses records for a reason of its own, that is not the records' fault. The
// tests use real servers of both families.

#include "search_refusals.h"

#include <cstdlib>
#include <functional>

namespace steamflow::test {
namespace {

INSTANTIATE_TEST_SUITE_P(, SearchRefusals, testing::Values("opensearch", "elasticsearch"),
                         [](const auto& engine) { return std::string(engine.param); });

// Only one of the two families refuses such a record.
TEST_P(SearchRefusals, ARecordThatIsTooDeepHoldsNoOther) {
  const std::string deep = R"({"a":)" + std::string(30, '[') + std::string(30, ']') + "}";
  sink_.Write(3, {deep});
  const Ended run = sink_.Run();
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Number("/sink/inserted") + run.Result().Number("/sink/dead_letters"), 5);
  EXPECT_GE(run.Result().Number("/sink/inserted"), 3);
}

TEST_P(SearchRefusals, WhatSettingsOfAnIndexRefuseIsConfiguration) {
  struct Case {
    std::string index;  // the body that creates the index
    std::string says;
  };
  const std::vector<Case> cases{
      {R"({"settings":{"index.default_pipeline":"nope"}})", "pipeline nope"},
      {R"({"settings":{"index.final_pipeline":"nope"}})", "pipeline nope"},
      {R"({"settings":{"index.mapping.total_fields.limit":2},"mappings":{"dynamic":true}})",
       "Limit of total fields [2]"},
      {R"({"settings":{"index.mapping.depth.limit":1},"mappings":{"dynamic":true}})", "depth"},
      {R"({"mappings":{"dynamic":"strict"}})", "strict"}};
  MakeTemplates();
  sink_.Write(20);
  for (const Case& refused : cases) {
    SCOPED_TRACE(refused.index);
    MakeIndex("t-undated", refused.index);
    sink_.ExpectFails(78, refused.says);
    Delete("t-undated");
  }
  sink_.ExpectStores(20);
}

TEST_P(SearchRefusals, AnAliasWithoutWriteIndexIsConfiguration) {
  MakeTemplates();
  sink_.Write(3);
  const std::string alias = R"({"aliases":{")" + sink_.search().prefix() + R"(t-undated":{}}})";
  MakeIndex("one", alias);
  MakeIndex("two", alias);
  sink_.ExpectFails(78, "is an alias of several indices");
  Delete("one");
  Delete("two");
  sink_.ExpectStores(3);
}

TEST_P(SearchRefusals, AnIndexWithTheNameOfTheAliasIsConfiguration) {
  sink_.Write(3);
  MakeIndex("t", "{}");
  sink_.ExpectFails(78, "alias");
  Delete("t");
  sink_.ExpectStores(3);
}

// With a mapping that fits no record, each refusal looks like the record's own fault. The fuse
// detects this.
TEST_P(SearchRefusals, WhatRefusesMostOfATopicIsConfiguration) {
  MakeTemplates();
  sink_.Write(30);
  MakeIndex("t-undated",
            R"({"settings":{"index.mapping.ignore_malformed":false},
                "mappings":{"properties":{"n":{"type":"ip"}}}})");
  sink_.ExpectFails(78, "mapper_parsing_exception");
  const Ended run = sink_.Run({"--accept-refusals"});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/sink/dead_letters"), 31);
  EXPECT_EQ(sink_.Letters(), 31u);
}

// Changes settings of the whole cluster, so it uses a server of its own.
TEST(SearchClusterRefusals, WhatTheClusterRefusesIsNoFaultOfARecord) {
  for (const std::string engine : {"opensearch", "elasticsearch"}) {
    SCOPED_TRACE(engine);
    unsetenv(engine == "opensearch" ? "STEAMFLOW_TEST_OPENSEARCH" : "STEAMFLOW_TEST_ELASTICSEARCH");
    Refusals sink(engine);
    EXPECT_EQ(sink.Run().exit_code, 0);
    sink.Write(3);
    const auto with = [&](const std::string& setting, const std::string& value, int exit_code,
                          const std::string& says) {
      SCOPED_TRACE(setting);
      const auto set = [&](const std::string& to) {
        sink.search().Ask("PUT", "/_cluster/settings",
                          R"({"transient":{")" + setting + "\":" + to + "}}");
      };
      set(value);
      sink.ExpectFails(exit_code, says);
      set("null");
    };
    with("cluster.max_shards_per_node", "1", 78, "but this cluster currently has");
    with("action.auto_create_index", "\"false\"", 78, "no such index");
    for (const char* block : {"read_only", "read_only_allow_delete"}) {
      with("cluster.blocks." + std::string(block), "true", 75, "cluster read-only");
    }
    sink.ExpectStores(3);
  }
}

}  // namespace
}  // namespace steamflow::test
