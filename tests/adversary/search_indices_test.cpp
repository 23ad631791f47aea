// Indices that differ from what the sink's own templates create, on real servers of both families.

#include <filesystem>
#include <fstream>
#include <sstream>

#include "search_refusals.h"

namespace steamflow::test {
namespace {

class SearchIndexFaults : public SearchRefusals {
 protected:
  // Creates the index for the records by hand, with the alias, whatever the template says.
  void MakeUndated(const std::string& body) {
    MakeTemplates();
    MakeIndex("t-undated", body);
  }
  void SetUndated(const std::string& setting, const std::string& value) {
    sink_.search().Ask("PUT", sink_.Path("t-undated/_settings"), Braced(setting, value));
  }
  static std::string Braced(const std::string& name, const std::string& value) {
    return "{\"" + name + "\":" + value + "}";
  }
  bool IsThere(const std::string& index) {
    const std::string list = sink_.search().Ask("GET", "/_alias", "", 200).Raw("");
    return list.find("\"" + sink_.search().prefix() + index + "\"") != std::string::npos;
  }
};

INSTANTIATE_TEST_SUITE_P(, SearchIndexFaults, testing::Values("opensearch", "elasticsearch"),
                         [](const auto& engine) { return std::string(engine.param); });

// There are too few refusals for the fuse. The difference of the index shows that the record need
// not be the cause.
TEST_P(SearchIndexFaults, WhatAnIndexRefusesThatIsNotAsInstalledIsConfiguration) {
  struct Case {
    std::string index;   // the body that creates the index
    std::string record;  // the record before the good one
    std::string blames;
  };
  const std::vector<Case> cases{
      {R"({"settings":{"index.mapping.ignore_malformed":false},
           "mappings":{"properties":{"n":{"type":"ip"}}}})",
       "", "its mapping of n "},
      {R"({"settings":{"index.mapping.ignore_malformed":false},
           "mappings":{"properties":{"a":{"type":"long"}}}})",
       "", "its mapping of a "},
      {R"({"mappings":{"dynamic":true}})", R"({"n":{"x":1}})", "its mapping of n "},
      {R"({"settings":{"index.mapping.ignore_malformed":false},
           "mappings":{"properties":{"a":{"type":"keyword","copy_to":"b"},"b":{"type":"long"}}}})",
       R"({"a":"x"})", "its mapping of a "},
      {R"({"settings":{"index.mapping.ignore_malformed":false},
           "mappings":{"properties":{"a":{"properties":{"b":{"type":"long"}}}}}})",
       "", "its mapping of a "},
      {R"({"settings":{"index.mapping.ignore_malformed":false}})", R"({"@timestamp":"soon"})",
       "its setting index.mapping.ignore_malformed "}};
  for (const Case& refused : cases) {
    SCOPED_TRACE(refused.index);
    Refusals sink(GetParam());
    EXPECT_EQ(sink.Run().exit_code, 0);
    sink.search().Ask("PUT", sink.Path("t-undated"), refused.index);
    sink.Write(1, refused.record.empty() ? std::vector<std::string>{}
                                         : std::vector<std::string>{refused.record});
    sink.ExpectFails(78, sink.search().prefix() + "t-undated: ");
    sink.ExpectFails(78, refused.blames);
    sink.search().Ask("DELETE", sink.Path("t-undated"));
    sink.ExpectStores(refused.record.empty() ? 1 : 2);
  }
}

// A record of each kind, with every field of its mapping, so that each field is compared.
TEST_P(SearchIndexFaults, WhatAnIndexRefusesThatIsAsInstalledIsALetter) {
  const std::vector<std::pair<std::string, std::string>> kinds{
      {"topic_currPlayer", "player_counts"},
      {"rct_plyd_games", "recently_played_games"},
      {"steamusers", "players"},
      {"steam_news", "news"},
      {"t", "other"}};
  for (const auto& [topic, file] : kinds) {
    SCOPED_TRACE(topic);
    const std::filesystem::path program = BinaryPath("kafka-to-elasticsearch");
    std::ifstream stream(program.parent_path().parent_path() / "share/steamflow/elasticsearch" /
                         (file + ".json"));
    std::stringstream text;
    text << stream.rdbuf();
    std::string record = R"({"a":1,"a":2,"steamid":"1")";
    for (const std::string& field : JsonValue(text.str()).Names("/mappings/properties")) {
      if (field != "steamid") record += ",\"" + field + "\":null";
    }
    sink_.WriteTo(topic, {{"1", record + "}", {{"event_id", topic}}}});
    const Ended run = topic == "t" ? sink_.Run() : sink_.Run({"--topic", topic});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_EQ(run.Result().Number("/sink/dead_letters"), 1) << run.out;
  }
}

// An additional field in the mapping is not the cause if the record does not have that field.
TEST_P(SearchIndexFaults, ARecordOfItsOwnFaultIsALetterBesideAnotherMapping) {
  MakeUndated(R"({"mappings":{"properties":{"z":{"type":"long"}}}})");
  sink_.Write(3, {R"({"a":1,"a":2})"});
  const Ended run = sink_.Run();
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Number("/sink/inserted"), 3);
  EXPECT_EQ(run.Result().Number("/sink/dead_letters"), 2);
}

TEST_P(SearchIndexFaults, AnIndexThatHidesOrCutsDocumentsIsConfiguration) {
  MakeUndated("{}");
  sink_.Write(3);
  sink_.search().Ask("DELETE", sink_.Path("t-undated/_alias/") + sink_.search().prefix() + "t");
  sink_.ExpectFails(78, "t-undated does not have the alias " + sink_.search().prefix() + "t,");
  for (const char* source :
       {R"({"enabled":false})", R"({"excludes":["n"]})", R"({"includes":["n"]})"}) {
    SCOPED_TRACE(source);
    Delete("t-undated");
    MakeIndex("t-undated", R"({"mappings":{"_source":)" + std::string(source) + "}}");
    sink_.ExpectFails(78, "t-undated does not keep whole documents (_source.");
  }
  EXPECT_EQ(sink_.search().Count("t-undated"), 0);
  Delete("t-undated");
  sink_.ExpectStores(3);
}

// Both would use the same index names, and the second would find its event ids in the indices of
// the first.
TEST_P(SearchIndexFaults, AnIndexOfAnotherTopicOrPrefixIsConfiguration) {
  sink_.Write(3);
  sink_.ExpectStores(3);
  sink_.WriteTo("T", {{"k", "{}", {{"event_id", "0"}}}});
  Ended run = sink_.Run({"--topic", "T", "--topic", "t"});
  EXPECT_EQ(run.exit_code, 64) << run.out;
  const std::string& prefix = sink_.search().prefix();
  sink_.WriteTo(prefix + "t", {{"k", "{}", {{"event_id", "0"}}}});
  for (const auto& [topic, other] :
       {std::pair<std::string, std::string>{"T", prefix}, {prefix + "t", ""}}) {
    run = RunProgram({"kafka-to-elasticsearch", "--topic", topic, "--index-prefix", other},
                     {{"AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", sink_.search().url()},
                      {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + sink_.brokers()}});
    EXPECT_EQ(run.exit_code, 78) << run.out;
    const std::string message = run.Result().Text("/error/message");
    EXPECT_NE(message.find("is for the topic t with the index prefix '" + prefix + "'"),
              std::string::npos)
        << message;
  }
  sink_.search().Ask("DELETE", "/_index_template/steamflow-steamflow-positions");
}

// An index may have been recreated under another name, with the month's name as an alias.
TEST_P(SearchIndexFaults, AnIndexMayHaveItsNameAsAnAlias) {
  MakeTemplates();
  MakeIndex("again", R"({"aliases":{")" + sink_.search().prefix() + R"(t":{},")" +
                         sink_.search().prefix() + R"(t-undated":{}}})");
  sink_.Write(3);
  sink_.ExpectStores(3);
  EXPECT_EQ(sink_.search().Count("again"), 3);
  EXPECT_EQ(sink_.search().Count("t"), 3);
}

TEST_P(SearchIndexFaults, AStateThatShowsTheDeletedIsConfiguration) {
  const std::string& prefix = sink_.search().prefix();
  MakeIndex("steamusers-state", R"({"aliases":{")" + prefix + R"(steamusers":{}}})");
  sink_.WriteTo("steamusers", {{"7", std::nullopt, {{"event_id", "x"}}}});
  const std::vector<std::string> topic{"--topic", "steamusers"};
  EXPECT_NE(sink_.Run(topic).out.find("without the filter that hides deleted documents"),
            std::string::npos);
  Delete("steamusers-state");
  EXPECT_EQ(sink_.Run(topic).Result().Number("/sink/inserted"), 1);
  EXPECT_EQ(sink_.search().Count("steamusers"), 0);
}

// A wrong index does not stop a run that does not write into it.
TEST_P(SearchIndexFaults, OnlyWhatIsWrittenIntoIsLookedAt) {
  MakeTemplates();
  MakeIndex("t-2024.05", R"({"mappings":{"_source":{"enabled":false}}})");
  sink_.Write(3);
  sink_.ExpectStores(3);
  sink_.WriteTo("t", {{"k", "{}", {{"event_id", "t/2024-05-22T22:34Z/1"}}}});
  const Ended run = sink_.Run();
  EXPECT_EQ(run.exit_code, 78) << run.out;
  EXPECT_NE(run.out.find("t-2024.05 does not keep"), std::string::npos) << run.out;
}

TEST_P(SearchIndexFaults, APipelineIsConfiguration) {
  const std::string pipeline = sink_.search().prefix() + "pipeline";
  sink_.search().Ask("PUT", "/_ingest/pipeline/" + pipeline, R"({"processors":[]})");
  MakeUndated("{}");
  sink_.Write(3);
  for (const char* setting : {"index.default_pipeline", "index.final_pipeline"}) {
    SetUndated(setting, "\"" + pipeline + "\"");
    sink_.ExpectFails(78, "t-undated has the ingest pipeline " + pipeline + " (" + setting + ")");
    SetUndated(setting, "\"_none\"");
  }
  Delete("t-undated");
  // A template with a higher priority than the sink's is reported before it creates the index.
  const std::string theirs = "/_index_template/steamflow-" + sink_.search().prefix() + "theirs";
  sink_.search().Ask("PUT", theirs,
                     R"({"priority":9999,"index_patterns":[")" + sink_.search().prefix() +
                         R"(t-*"],"template":{"settings":{"index.final_pipeline":")" + pipeline +
                         R"("}}})");
  sink_.ExpectFails(78, "as the index templates create it, has the ingest pipeline " + pipeline);
  EXPECT_FALSE(IsThere("t-undated"));
  sink_.search().Ask("DELETE", theirs);
  sink_.ExpectStores(3);
  sink_.search().Ask("DELETE", "/_ingest/pipeline/" + pipeline);
}

TEST_P(SearchIndexFaults, PositionsThatAreNotKeptAsTheyComeAreConfiguration) {
  MakeIndex("steamflow-positions", R"({"mappings":{"_source":{"enabled":false}}})");
  sink_.Write(3);
  sink_.ExpectFails(78, "steamflow-positions does not keep whole documents");
  sink_.search().Ask("PUT", sink_.Path("steamflow-positions/_doc/t%2F0"), "{}", 201);
  sink_.ExpectFails(78, "steamflow-positions does not keep whole documents");
  Delete("steamflow-positions");
  sink_.ExpectStores(3);
}

// A sink reads positions and the description of an index, but not the documents that it has
// written.
TEST_P(SearchIndexFaults, BlocksOfReading) {
  MakeUndated("{}");
  sink_.Write(3);
  SetUndated("index.blocks.metadata", "true");
  sink_.ExpectFails(75, "index metadata (api)");
  SetUndated("index.blocks.metadata", "false");
  SetUndated("index.blocks.read", "true");
  sink_.ExpectStores(3);
  SetUndated("index.blocks.read", "false");
  EXPECT_EQ(sink_.search().Count("t"), 3);
  const std::string positions = sink_.Path("steamflow-positions/_settings");
  sink_.search().Ask("PUT", positions, Braced("index.blocks.read", "true"));
  const Ended run = sink_.Run();
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find("index read (api)"), std::string::npos);
  sink_.search().Ask("PUT", positions, Braced("index.blocks.read", "false"));
  EXPECT_EQ(sink_.Run().exit_code, 0);
}

}  // namespace
}  // namespace steamflow::test
