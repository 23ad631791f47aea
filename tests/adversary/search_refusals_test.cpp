// What a search server refuses for a reason of its own is no fault of the records: with real
// servers of both families.

#include <cstdlib>
#include <functional>

#include "search_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

class Refusals {
 public:
  explicit Refusals(const std::string& engine) : search_(engine) {}

  SearchIndices& search() { return search_; }
  // So many records, and one that no sink can take.
  void Write(int count, const std::vector<std::string>& others = {}) {
    std::vector<NewMessage> messages{{"k", "poison", {{"event_id", "poison"}}}};
    for (const std::string& other : others) {
      messages.push_back({"k", other, {{"event_id", "other " + other}}});
    }
    for (int i = 0; i < count; ++i) {
      messages.push_back({"k", R"({"a":{"b":"c"},"n":[1]})", {{"event_id", std::to_string(i)}}});
    }
    WriteTopic(kafka_.brokers(), "t", messages);
  }
  Ended Run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command{"kafka-to-elasticsearch", "--topic",   "t", "--index-prefix",
                                     search_.prefix(),         "--retries", "1"};
    command.insert(command.end(), more.begin(), more.end());
    return RunProgram(command, {{"AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", search_.url()},
                                {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + kafka_.brokers()}});
  }
  // The run fails with this code and sentence, and changes nothing.
  void ExpectFails(int exit_code, const std::string& sentence) const {
    const Ended run = Run();
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    EXPECT_NE(run.Result().Text("/error/message").find(sentence), std::string::npos) << run.out;
    EXPECT_EQ(ReadTopic(kafka_.brokers(), kDeadLetters).size(), 0u);
  }
  void ExpectStores(int count) const {
    const Ended run = Run();
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_EQ(run.Result().Number("/sink/inserted") + run.Result().Number("/sink/duplicates"),
              count);
    EXPECT_EQ(run.Result().Number("/sink/dead_letters"), 1) << "the poison";
  }
  std::size_t Letters() const { return ReadTopic(kafka_.brokers(), kDeadLetters).size(); }
  std::string Path(const std::string& index) const { return "/" + search_.prefix() + index; }

 private:
  SearchIndices search_;
  MockKafka kafka_;
};

class SearchRefusals : public ::testing::TestWithParam<const char*> {
 protected:
  // Makes the templates, without a document.
  void MakeTemplates() const { EXPECT_EQ(sink_.Run().exit_code, 0); }
  void MakeIndex(const std::string& name, const std::string& body) {
    sink_.search().Ask("PUT", sink_.Path(name), body);
  }
  void Delete(const std::string& name) { sink_.search().Ask("DELETE", sink_.Path(name)); }

  Refusals sink_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(, SearchRefusals, testing::Values("opensearch", "elasticsearch"),
                         [](const auto& engine) { return std::string(engine.param); });

// Only one of the two families refuses it.
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
    std::string index;  // its body
    std::string says;
  };
  const std::vector<Case> cases{
      {R"({"settings":{"index.default_pipeline":"nope"}})", "pipeline with id [nope]"},
      {R"({"settings":{"index.final_pipeline":"nope"}})", "pipeline with id [nope]"},
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
  sink_.ExpectFails(78, "no write index");
  Delete("one");
  sink_.ExpectStores(3);
}

TEST_P(SearchRefusals, AnIndexWithTheNameOfTheAliasIsConfiguration) {
  sink_.Write(3);
  MakeIndex("t", "{}");
  sink_.ExpectFails(78, "alias");
  Delete("t");
  sink_.ExpectStores(3);
}

// A mapping that fits none of the records looks like a fault of each: the fuse sees that.
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

// Settings of the cluster, so on a server of the test's own.
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
