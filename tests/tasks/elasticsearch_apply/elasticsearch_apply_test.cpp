// elasticsearch-apply with real search servers, and with fakes for what these do not have:
// lifecycles and Kibana.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "mock_kafka.h"
#include "scripted_server.h"
#include "search_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kTask[] = "elasticsearch-apply";

// Returns "type name action" for each item.
std::vector<std::string> Applied(const JsonValue& result) {
  std::vector<std::string> applied;
  for (std::size_t i = 0; i < result.Size("/applied"); ++i) {
    const std::string item = "/applied/" + std::to_string(i) + "/";
    applied.push_back(result.Text(item + "type") + " " + result.Text(item + "name") + " " +
                      result.Text(item + "action"));
  }
  return applied;
}

JsonValue Apply(std::vector<std::string> flags, const Environment& environment) {
  flags.insert(flags.begin(), kTask);
  const Ended run = RunProgram(flags, environment);
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "");
  return run.Result();
}

class ElasticsearchApply : public ::testing::TestWithParam<const char*> {
 protected:
  JsonValue Apply(std::vector<std::string> flags = {}) const {
    flags.insert(flags.end(), {"--index-prefix", search_.prefix()});
    return test::Apply(flags, {{"AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", search_.url()}});
  }
  std::string Path(const std::string& index) const {
    return "/_index_template/steamflow-" + search_.prefix() + index;
  }
  std::string Line(const std::string& index, const std::string& action) const {
    return "index_template steamflow-" + search_.prefix() + index + " " + action;
  }

  SearchIndices search_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(, ElasticsearchApply, testing::Values("opensearch", "elasticsearch"),
                         [](const auto& engine) { return std::string(engine.param); });

TEST_P(ElasticsearchApply, MakesWhatIsMissingAndLeavesWhatIsAsWanted) {
  const auto all = [&](const std::string& action) {
    std::vector<std::string> lines;
    for (const char* index : {"steamflow-positions", "topic_currplayer", "topic_currplayer-undated",
                              "rct_plyd_games", "rct_plyd_games-undated", "topic_getuserinfo-state",
                              "steamusers-state", "steam_news", "steam_news-undated"}) {
      lines.push_back(Line(index, action));
    }
    return lines;
  };
  EXPECT_EQ(Applied(Apply()), all("created"));
  EXPECT_EQ(Applied(Apply()), all("unchanged"));
}

TEST_P(ElasticsearchApply, WhatAPersonOrAFileChangesIsChanged) {
  Apply({"--topic", "steam_news"});
  const std::string held =
      search_.Ask("GET", Path("steam_news")).Raw("/index_templates/0/index_template");
  const auto with = [&](const std::string& what, const std::string& by) {
    std::string body = held;
    body.replace(body.find(what), what.size(), by);
    search_.Ask("PUT", Path("steam_news"), body);
    return Applied(Apply({"--topic", "steam_news"}));
  };
  const auto all = [&](const char* action) {
    return std::vector<std::string>{Line("steamflow-positions", "unchanged"),
                                    Line("steam_news", action),
                                    Line("steam_news-undated", "unchanged")};
  };
  const std::vector<std::string> changed = all("changed");
  EXPECT_EQ(with(R"("number_of_shards":"1")", R"("number_of_shards":"2")"), changed);
  EXPECT_EQ(with(R"("properties":{)", R"("properties":{"more":{"type":"keyword"},)"), changed);
  EXPECT_EQ(with(R"("aliases":{)", R"("aliases":{"mine":{},)"), changed);
  EXPECT_EQ(with("-20*.*", "-30*.*"), changed);
  EXPECT_EQ(with(R"("priority":)", R"("version":7,"priority":)"), all("unchanged"))
      << "the file does not have this setting";
}

TEST_P(ElasticsearchApply, AFileThatTheServerRefusesIsConfiguration) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("templates." + UniqueTopic("t"));
  std::filesystem::create_directory(folder);
  const auto fail = [&](const std::string& text) {
    std::ofstream(folder / "other.json") << text;
    const Ended run = RunProgram({kTask, "--elasticsearch-url", search_.url(), "--topic", "t",
                                  "--index-prefix", search_.prefix(), "--folder", folder.string()},
                                 {});
    EXPECT_EQ(run.exit_code, 78) << run.out;
    return run.Result().Text("/error/message");
  };
  EXPECT_NE(fail(R"({"mappings":{"properties":{"a":{"type":"nonsense"}}}})").find("nonsense"),
            std::string::npos);
  EXPECT_NE(fail("{").find("other.json: not valid JSON"), std::string::npos);
  EXPECT_NE(fail(R"({"settings":7})").find("settings is not an object"), std::string::npos);
  std::filesystem::remove_all(folder);
}

// A fake that stores policies, as servers with lifecycles do.
class Lifecycles : public ::testing::Test {
 protected:
  ScriptedResponse Respond(const HttpCall& call) {
    const std::string path = call.target.substr(0, call.target.find('?'));
    const std::string name = path.substr(path.rfind('/') + 1);
    if (path == list_) return {.body = "{}"};
    if (call.method == "PUT") {
      if (path.starts_with(list_) && kept_.contains(path)) last_query_ = call.target;
      kept_[path] = call.body;
      return {.body = R"({"acknowledged":true})"};
    }
    const auto kept = kept_.find(path);
    if (kept == kept_.end()) {
      const bool is_known = path.starts_with(list_ + "/") || path.starts_with("/_index_template");
      return {.status = is_known ? 404 : 400, .body = R"({"error":"none"})"};
    }
    const std::string fields = kept->second.substr(1);
    if (path.starts_with("/_index_template")) {
      return {.body = R"({"index_templates":[{"name":")" + name + R"(","index_template":)" +
                      kept->second + "}]}"};
    }
    if (path.starts_with("/_ilm")) {
      return {.body = "{\"" + name + R"(":{"version":1,"modified_date":"now",)" + fields + "}"};
    }
    return {.body = R"({"_id":"x","_seq_no":7,"_primary_term":2,)" + fields};
  }

  std::vector<std::string> Run(const std::vector<std::string>& flags = {}) {
    std::vector<std::string> all{"--elasticsearch-url", server_.url(), "--topic",
                                 "steam_news",          "--topic",     "steamusers"};
    all.insert(all.end(), flags.begin(), flags.end());
    return Applied(Apply(all, {}));
  }
  void ExpectApplied(const std::string& type) {
    const auto expected = [&](const std::string& policy, const std::string& rest) {
      return std::vector<std::string>{"index_template steamflow-steamflow-positions " + rest,
                                      type + " steamflow-steam_news " + policy,
                                      "index_template steamflow-steam_news " + rest,
                                      "index_template steamflow-steam_news-undated " + rest,
                                      "index_template steamflow-steamusers-state " + rest};
    };
    EXPECT_EQ(Run(), expected("created", "created"));
    EXPECT_EQ(Run(), expected("unchanged", "unchanged"));
    std::string& policy = kept_.at(list_ + "/steamflow-steam_news");
    policy.replace(policy.find("400d"), 4, "700d");
    EXPECT_EQ(Run(), expected("changed", "unchanged"));
    EXPECT_EQ(Run(), expected("unchanged", "unchanged"));
  }

  std::string list_;  // the address of the policies
  std::map<std::string, std::string> kept_;
  std::string last_query_;
  ScriptedServer server_{[this](const HttpCall& call) { return Respond(call); }};
};

TEST_F(Lifecycles, IlmPoliciesDropTheMonthsOfEvents) {
  list_ = "/_ilm/policy";
  ExpectApplied("ilm_policy");
  const std::string name = R"("index.lifecycle.name":"steamflow-steam_news")";
  EXPECT_NE(kept_.at("/_index_template/steamflow-steam_news").find(name), std::string::npos);
  for (const char* kept : {"steamusers-state", "steam_news-undated"}) {
    const std::string path = "/_index_template/steamflow-" + std::string(kept);
    EXPECT_EQ(kept_.at(path).find("lifecycle"), std::string::npos) << kept;
  }
}

TEST_F(Lifecycles, IsmPoliciesNameTheirIndices) {
  list_ = "/_plugins/_ism/policies";
  ExpectApplied("ism_policy");
  EXPECT_EQ(JsonValue(kept_.at(list_ + "/steamflow-steam_news")).Raw("/policy/ism_template"),
            R"([{"index_patterns":["steam_news-20*.*"],"priority":200}])");
  EXPECT_EQ(last_query_, list_ + "/steamflow-steam_news?if_seq_no=7&if_primary_term=2");
}

class Kibana : public ::testing::Test {
 protected:
  Kibana() { environment_["AIRFLOW_VAR_KIBANA_URL"] = kibana_.url() + "/base/"; }

  std::vector<std::string> Command(const std::vector<std::string>& flags = {}) const {
    std::vector<std::string> command{kTask};
    command.insert(command.end(), flags.begin(), flags.end());
    return command;
  }
  std::string Fail(const std::vector<std::string>& flags = {}) const {
    const Ended run = RunProgram(Command(flags), environment_);
    EXPECT_EQ(run.exit_code, 78) << run.out;
    return run.Result().Text("/error/message");
  }

  ScriptedResponse answer_{.body = R"({"success":true,"successCount":29})"};
  ScriptedServer kibana_{[this](const HttpCall&) { return answer_; }};
  ScriptedServer search_{[](const HttpCall& call) {
    return ScriptedResponse{.status = call.method == "PUT" ? 200 : 404, .body = "{}"};
  }};
  Environment environment_{
      {"AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", "http://u:p@" + search_.url().substr(7)}};
};

TEST_F(Kibana, TakesTheSavedObjects) {
  const Ended run = RunProgram(Command(), environment_);
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Raw("/kibana"), R"({"saved_objects":29})");
  ASSERT_EQ(kibana_.calls().size(), 1u);
  const HttpCall call = kibana_.calls().front();
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.target, "/base/api/saved_objects/_import?overwrite=true");
  EXPECT_EQ(call.headers.at("kbn-xsrf"), "true");
  EXPECT_EQ(call.headers.at("osd-xsrf"), "true");
  EXPECT_EQ(call.headers.at("authorization"), "Basic dTpw");
  std::istringstream lines(call.body);
  int objects = 0;
  for (std::string line; std::getline(lines, line); ++objects) {
    EXPECT_TRUE(JsonValue(line).Text("/id").starts_with("steamflow-")) << line;
  }
  EXPECT_EQ(objects, 29);
}

TEST_F(Kibana, DataViewsLookAtTheIndicesWithThePrefix) {
  const Ended run = RunProgram(Command({"--index-prefix", "dev-"}), environment_);
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  std::set<std::string> ids;
  std::set<std::string> references;
  std::istringstream lines(kibana_.calls().front().body);
  for (std::string line; std::getline(lines, line);) {
    const JsonValue object(line);
    EXPECT_TRUE(ids.insert(object.Text("/type") + " " + object.Text("/id")).second);
    EXPECT_TRUE(object.Text("/id").starts_with("steamflow-dev-"));
    const bool is_view = object.Text("/type") == "index-pattern";
    EXPECT_EQ(object.Text("/attributes/title").starts_with("dev-"), is_view) << line;
    for (std::size_t i = 0; i < object.Size("/references"); ++i) {
      const std::string reference = "/references/" + std::to_string(i);
      references.insert(object.Text(reference + "/type") + " " + object.Text(reference + "/id"));
    }
  }
  EXPECT_TRUE(std::includes(ids.begin(), ids.end(), references.begin(), references.end()));
  EXPECT_FALSE(references.empty());
}

TEST_F(Kibana, SaysWhatItDoesNotTake) {
  answer_ = {.body = R"({"success":false,"successCount":28,"errors":[{"id":"steamflow-x",
                         "type":"dashboard","error":{"type":"missing_references"}}]})"};
  EXPECT_NE(Fail().find("dashboard steamflow-x: missing_references"), std::string::npos);
  answer_ = {.status = 404, .body = R"({"statusCode":404,"message":"Not Found, that"})"};
  EXPECT_NE(Fail().find("HTTP 404: Not Found, that (AIRFLOW_VAR_KIBANA_URL)"), std::string::npos);
  environment_["AIRFLOW_VAR_KIBANA_URL"] = "http://kibana.example:5601";
  EXPECT_NE(Fail().find("--allow-http"), std::string::npos);
}

// Asks the server for the panels of the shipped dashboards, as Kibana would.
class Dashboards : public ::testing::TestWithParam<const char*> {
 protected:
  struct Panel {
    std::string title;
    std::string index;
    std::string query;
    std::vector<std::string> buckets;  // the ids of the nested bucket aggregations
    std::vector<std::string> metrics;
  };

  // Returns the aggregations of a visualization, nested as Kibana nests them: each bucket contains
  // the next.
  static Panel Read(const JsonValue& object, const std::string& index) {
    const JsonValue state(object.Text("/attributes/visState"));
    Panel panel{.title = state.Text("/title"), .index = index};
    std::string metrics;
    std::vector<std::string> buckets;
    for (std::size_t i = 0; i < state.Size("/aggs"); ++i) {
      const std::string agg = "/aggs/" + std::to_string(i);
      const std::string type = state.Text(agg + "/type");
      const std::string id = state.Text(agg + "/id");
      if (type == "count") continue;  // every bucket has a count
      const std::string field = R"("field":")" + state.Text(agg + "/params/field") + "\"";
      if (type == "terms") {
        const std::string by = state.Text(agg + "/params/orderBy");
        const bool by_count = state.Text("/aggs/0/type") == "count" && by == "1";
        buckets.push_back("\"" + id + R"(":{"terms":{)" + field + R"(,"order":{")" +
                          (by_count ? "_count" : by) + R"(":"desc"}})");
        panel.buckets.push_back(id);
      } else if (type == "date_histogram") {
        buckets.push_back("\"" + id + R"(":{"date_histogram":{)" + field +
                          R"(,"calendar_interval":"1M","min_doc_count":1})");
        panel.buckets.push_back(id);
      } else {
        metrics +=
            (metrics.empty() ? "" : ",") + ("\"" + id + "\":{\"") + type + "\":{" + field + "}}";
        panel.metrics.push_back(id);
      }
    }
    std::string aggs = metrics;
    for (auto bucket = buckets.rbegin(); bucket != buckets.rend(); ++bucket) {
      aggs = *bucket + ",\"aggs\":{" + aggs + "}}" + (metrics.empty() ? "" : "," + metrics);
    }
    panel.query = R"({"size":0,"aggs":{)" + aggs + "}}";
    return panel;
  }

  SearchIndices search_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(, Dashboards, testing::Values("opensearch", "elasticsearch"),
                         [](const auto& engine) { return std::string(engine.param); });

TEST_P(Dashboards, NoPanelIsEmpty) {
  // Runs the sources and the sink once.
  const standin::Standin standin({"--key", kApiKey});
  RedisServer redis;
  MockKafka kafka;
  Environment environment =
      TaskEnvironment(const_cast<standin::Standin&>(standin).url(), kafka.brokers(), redis.url());
  environment["AIRFLOW_CONN_ELASTICSEARCH_DEFAULT"] = search_.url();
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {kCountsTask},
           {kGamesTask},
           {kPlayersTask},
           {kPlayersTask, "--topic", "steamusers", "--no-cursor"},
           {kNewsTask},
           {"kafka-to-elasticsearch", "--index-prefix", search_.prefix()}}) {
    const Ended run = RunProgram(command, environment);
    ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  }

  std::ifstream file(std::filesystem::path(BinaryPath(kTask)).parent_path().parent_path() /
                     "share/steamflow/kibana/saved_objects.ndjson");
  std::map<std::string, std::string> views;
  std::vector<Panel> panels;
  std::size_t placed = 0;  // panels on dashboards
  for (std::string line; std::getline(file, line);) {
    const JsonValue object(line);
    const std::string type = object.Text("/type");
    if (type == "index-pattern") views[object.Text("/id")] = object.Text("/attributes/title");
    if (type == "visualization") {
      panels.push_back(Read(object, views.at(object.Text("/references/0/id"))));
    }
    if (type == "dashboard") {
      placed += object.Size("/references");
      EXPECT_EQ(JsonValue(object.Text("/attributes/panelsJSON")).Size(""),
                object.Size("/references"));
    }
  }
  EXPECT_EQ(views.size(), 5u);
  EXPECT_EQ(placed, panels.size());
  for (const Panel& panel : panels) {
    SCOPED_TRACE(panel.title + " " + panel.query);
    const JsonValue response =
        search_.Ask("POST", "/" + search_.prefix() + panel.index + "/_search", panel.query);
    EXPECT_GT(response.Number("/hits/total/value"), 0);
    std::string at = "/aggregations";
    for (const std::string& bucket : panel.buckets) {
      at += "/" + bucket + "/buckets";
      ASSERT_GT(response.Size(at), 0u);
      at += "/0";
      EXPECT_GT(response.Number(at + "/doc_count"), 0);
    }
    for (const std::string& metric : panel.metrics) {
      EXPECT_GT(response.Real(at + "/" + metric + "/value"), 0);
    }
  }
}

}  // namespace
}  // namespace steamflow::test
