// The report of pipeline-check about the configured stores and services.

#include "postgres_server.h"
#include "scripted_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

class PipelineCheckStores : public TaskTest {
 protected:
  PipelineCheckStores() {
    for (const char* topic : {"topic_currPlayer", "rct_plyd_games", "topic_GetUserInfo",
                              "steamusers", "steam_news", "steam_dead_letters"}) {
      rd_kafka_mock_topic_create(kafka_.cluster(), topic, 1, 1);
    }
  }

  // Runs the task, expects `exit_code`, and returns the line of a check, or "" if it has none.
  std::string Line(const std::string& name, int exit_code) {
    const Ended run = Run({"pipeline-check"});
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    EXPECT_EQ(run.out.find("s3cret"), std::string::npos) << run.out;
    for (const std::string& line : run.Lines()) {
      if (line.substr(6, name.size() + 1) == name + " ") return line;
    }
    return "";
  }
  void ExpectLine(const std::string& name, int exit_code, const std::vector<std::string>& parts) {
    const std::string line = Line(name, exit_code);
    EXPECT_EQ(line.substr(0, 4), exit_code == 0 ? "ok  " : "FAIL") << line;
    for (const std::string& part : parts) {
      EXPECT_NE(line.find(part), std::string::npos) << part << " in: " << line;
    }
  }
};

TEST_F(PipelineCheckStores, WhatIsNotConfiguredHasNoLine) {
  for (const char* name : {"postgres", "elasticsearch", "connect", "pushgateway"}) {
    EXPECT_EQ(Line(name, 0), "");
  }
}

TEST_F(PipelineCheckStores, Postgres) {
  const std::string variable = "AIRFLOW_CONN_POSTGRES_DEFAULT";
  PostgresDatabase database;
  environment_[variable] = database.Uri();
  ExpectLine("postgres", 0, {database.name(), "will be created"});
  environment_[variable] = database.Uri("steamflow", "s3cret");
  ExpectLine("postgres", 77, {"password authentication failed", variable});
  environment_[variable] = database.Uri("steamflow", "steamflow", "1");
  ExpectLine("postgres", 75, {variable});
  environment_[variable] = "postgres://steamflow:steamflow@" + RealPostgres() + "/missing";
  ExpectLine("postgres", 78, {"does not exist"});

  const std::string role = database.name() + "_reader";
  database.Execute("CREATE ROLE \"" + role + "\" LOGIN PASSWORD 'reader'");
  environment_[variable] = database.Uri(role, "reader");
  ExpectLine("postgres", 77, {"GRANT CREATE ON DATABASE"});
  database.Execute("CREATE SCHEMA steamflow");
  ExpectLine("postgres", 77, {"GRANT USAGE ON SCHEMA steamflow"});
  database.Execute("CREATE TABLE steamflow.records ()");
  database.Execute("GRANT USAGE ON SCHEMA steamflow TO \"" + role + "\"");
  ExpectLine("postgres", 77, {"records"});
  database.Execute("GRANT SELECT, INSERT ON steamflow.records TO \"" + role + "\"");
  ExpectLine("postgres", 0, {"exists"});
  database.Execute("DROP OWNED BY \"" + role + "\"");
  database.Execute("DROP ROLE \"" + role + "\"");
}

// Responds like Elasticsearch, with `settings` of the cluster, `blocks` of indices, and
// `templates`.
class SearchResponses {
 public:
  std::string settings = R"({"persistent":{},"transient":{}})";
  std::string blocks = "{}";
  std::string templates = R"({"index_templates":[]})";
  std::string news = "{}";  // the index of news, as its template creates it
  std::string rights;       // the login's privileges, if security is enabled
  std::string asked;        // the last request for the privileges
  int status = 200;

  ScriptedResponse operator()(const HttpCall& call) {
    if (status != 200) return {status, "{}", {}};
    if (call.target == "/") return {200, R"({"version":{"number":"7.17.29"}})", {}};
    if (call.target.starts_with("/_cluster/settings")) return {200, settings, {}};
    if (call.target == "/_index_template") return {200, templates, {}};
    if (call.target == "/_index_template/_simulate_index/steam_news-undated") {
      return {200, news, {}};
    }
    if (call.target == "/_security/user/_has_privileges") {
      asked = call.body;
      if (!rights.empty()) return {200, rights, {}};
      return {400, R"({"error":"no handler found for uri [/_security/user/_has_privileges]"})", {}};
    }
    if (call.target.find("/_settings/index.blocks.") != std::string::npos) return {200, blocks, {}};
    return {404, "{}", {}};
  }
};

TEST_F(PipelineCheckStores, Search) {
  SearchResponses responses;
  const ScriptedServer server([&](const HttpCall& call) { return responses(call); });
  environment_["AIRFLOW_CONN_ELASTICSEARCH_DEFAULT"] = server.url();
  ExpectLine("elasticsearch", 0, {"Elasticsearch 7.17.29"});
  responses.templates = R"({"index_templates":[{"name":"steamflow-steam_news-undated"}]})";
  responses.news = R"({"template":{"aliases":{"steam_news":{}},)"
                   R"("settings":{"index":{"final_pipeline":"theirs"}}}})";
  ExpectLine("elasticsearch", 78, {"/steam_news-undated", "the ingest pipeline theirs"});
  responses.news = R"({"template":{}})";
  ExpectLine("elasticsearch", 78, {"/steam_news-undated", "not have the alias steam_news"});
  responses.news = R"({"template":{"aliases":{"steam_news":{}}}})";
  ExpectLine("elasticsearch", 0, {"Elasticsearch 7.17.29"});
  responses.templates = R"({"index_templates":[]})";
  responses.settings = R"({"persistent":{"cluster.blocks.read_only":"true"},"transient":{}})";
  ExpectLine("elasticsearch", 75, {"cluster.blocks.read_only"});
  responses.settings = R"({"persistent":{},"transient":{}})";
  responses.blocks = R"({"steam_news-2026.11":{"settings":)"
                     R"({"index.blocks.read_only_allow_delete":"true"}}})";
  ExpectLine("elasticsearch", 75, {"index.blocks.read_only_allow_delete of steam_news-2026.11"});
  responses.blocks = R"({"steam_news-2026.11":{"settings":{"index.blocks.read":"true"}}})";
  ExpectLine("elasticsearch", 75, {"index.blocks.read of steam_news-2026.11"});
  responses.blocks = "{}";
  const std::string has = R"({"username":"sink","has_all_requested":)";
  responses.rights = has +
                     R"(false,"cluster":{"manage_ilm":true,"manage_index_templates":false},)"
                     R"("index":{"steam_news-*":{"create_index":false,"index":true,"read":true}},)"
                     R"("application":{}})";
  ExpectLine("elasticsearch", 77, {"manage_index_templates, create_index of steam_news-*"});
  EXPECT_NE(responses.asked.find(R"("steamflow-positions")"), std::string::npos) << responses.asked;
  EXPECT_NE(responses.asked.find("view_index_metadata"), std::string::npos) << responses.asked;
  EXPECT_NE(responses.asked.find(R"("topic_getuserinfo-*")"), std::string::npos) << responses.asked;
  responses.rights = has + R"(true,"cluster":{"manage_ilm":true},"index":{},"application":{}})";
  ExpectLine("elasticsearch", 0, {"Elasticsearch 7.17.29"});
  responses.status = 401;
  ExpectLine("elasticsearch", 77, {"the login is refused", "AIRFLOW_CONN_ELASTICSEARCH_DEFAULT"});
}

TEST_F(PipelineCheckStores, Connect) {
  std::string state = "RUNNING";
  const ScriptedServer server([&](const HttpCall&) -> ScriptedResponse {
    return {
        200,
        R"({"steam-postgres":{"status":{"name":"steam-postgres","connector":{"state":"RUNNING"},)"
        R"("tasks":[{"id":0,"state":")" +
            state + R"("}]}}})",
        {}};
  });
  environment_["AIRFLOW_CONN_CONNECT_DEFAULT"] = server.url();
  ExpectLine("connect", 0, {"connectors: 1"});
  state = "FAILED";
  ExpectLine("connect", 78, {"steam-postgres", "--restart-failed"});
}

TEST_F(PipelineCheckStores, Pushgateway) {
  int status = 200;
  const ScriptedServer server([&](const HttpCall&) -> ScriptedResponse {
    return {status, "", {}};
  });
  environment_["AIRFLOW_VAR_PUSHGATEWAY_URL"] = server.url();
  ExpectLine("pushgateway", 0, {server.url()});
  status = 404;
  ExpectLine("pushgateway", 78, {"not a Pushgateway"});
}

}  // namespace
}  // namespace steamflow::test
