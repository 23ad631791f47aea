// The metrics that a run pushes; a failing push never harms the run.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "scripted_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Metrics : public TaskTest {
 protected:
  void SetUp() override { environment_["AIRFLOW_VAR_PUSHGATEWAY_URL"] = gateway_.url(); }

  // Runs a command, expects that it pushes once, and returns the metrics.
  std::string Pushed(const std::vector<std::string>& command, int exit_code = 0) {
    const std::size_t before = gateway_.calls().size();
    const Ended run = Run(command);
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    const auto calls = gateway_.calls();
    EXPECT_EQ(calls.size(), before + 1);
    return calls.back().body;
  }
  // Expects that the run succeeds all the same, with a warning of one line that contains `part`.
  void ExpectWarning(const std::string& part) {
    const Ended run = Run({kCountsTask});
    EXPECT_EQ(run.exit_code, 0) << run.out;
    EXPECT_EQ(run.Result().Text("/status"), "success");
    EXPECT_THAT(run.err, HasSubstr("pushing the metrics"));
    EXPECT_THAT(run.err, HasSubstr(part));
    EXPECT_EQ(run.err.find('\n'), run.err.size() - 1) << run.err;
  }

  ScriptedResponse answer_;
  ScriptedServer gateway_{[this](const HttpCall&) { return answer_; }};
};

TEST_F(Metrics, ARunTellsWhatItDid) {
  const Ended run = Run({kGamesTask});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  ASSERT_EQ(gateway_.calls().size(), 1u);
  const HttpCall call = gateway_.calls()[0];
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.target,
            "/metrics/job/steam-recently-played-games/dag_id/test_dag/task_id/test_task");
  EXPECT_EQ(call.headers.at("content-type"), "text/plain; version=0.0.4");

  const std::string labels =
      R"({job="steam-recently-played-games",dag_id="test_dag",task_id="test_task")";
  const auto expect = [&](const std::string& name, const std::string& more, std::int64_t value) {
    EXPECT_THAT(call.body, HasSubstr("\n" + name + labels + more + "} " + std::to_string(value)));
  };
  const JsonValue result = run.Result();
  const std::string topic = R"(,topic="rct_plyd_games")";
  expect("steamflow_run_exit_code", "", 0);
  expect("steamflow_run_requests", R"(,outcome="ok")", result.Number("/source/requests"));
  expect("steamflow_run_requests", R"(,outcome="unanswered")", 0);
  expect("steamflow_request_duration_seconds_count", "", result.Number("/source/requests"));
  expect("steamflow_run_retries", "", 0);
  for (const std::string outcome : {"ok", "empty", "withheld", "absent", "rejected"}) {
    expect("steamflow_run_items", ",outcome=\"" + outcome + "\"",
           result.Number("/source/items/" + outcome));
  }
  expect("steamflow_run_records", topic, result.Number("/kafka/records"));
  expect("steamflow_run_bytes", topic, result.Number("/kafka/bytes"));
  expect("steamflow_run_dead_letters", "", 0);
  expect("steamflow_call_budget_limit", "", 100'000);
  expect("steamflow_call_budget_left", "", 100'000 - static_cast<std::int64_t>(CallsCounted()));
  expect("steamflow_cursor_position", R"(,cursor="last_steam_id")",
         static_cast<std::int64_t>(kFirstGamesId - 100 - kLowestId + 1));
  EXPECT_THAT(call.body, HasSubstr("\nsteamflow_last_success_timestamp_seconds" + labels + "} 1"));
  EXPECT_THAT(call.body, Not(HasSubstr(kApiKey)));
  EXPECT_THAT(call.body, Not(HasSubstr("scheduled__")));
}

TEST_F(Metrics, RequestsAreCountedByTheirOutcome) {
  for (const char* fault :
       {R"({"kind":"status","status":429,"times":1,"match":{"method":"GetPlayerSummaries"}})",
        R"({"kind":"status","status":503,"times":2,"match":{"method":"GetRecentlyPlayedGames"}})",
        R"({"kind":"html200","times":1,"match":{"method":"GetRecentlyPlayedGames"}})"}) {
    Fault(fault);
  }
  const std::string text = Pushed({kGamesTask});
  EXPECT_THAT(text, HasSubstr("outcome=\"rate_limited\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("outcome=\"server_error\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("outcome=\"bad_body\"} 1\n"));
  EXPECT_THAT(text, testing::ContainsRegex("steamflow_run_retries\\{[^}]*\\} 4\n"));
}

TEST_F(Metrics, ARefusedKeyIsNoSuccess) {
  Fault(R"({"times":-1,"kind":"key_refused_401"})");
  const std::string text = Pushed({kGamesTask}, 77);
  EXPECT_THAT(text, HasSubstr("outcome=\"refused\"} 1\n"));
  EXPECT_THAT(text, testing::ContainsRegex("steamflow_run_exit_code\\{[^}]*\\} 77\n"));
  EXPECT_THAT(text, Not(HasSubstr("steamflow_last_success")));
}

TEST_F(Metrics, ASkippedRunIsNoSuccess) {
  environment_["AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET"] = "0";
  const std::string text = Pushed({kGamesTask}, 99);
  EXPECT_THAT(text, testing::ContainsRegex("steamflow_call_budget_left\\{[^}]*\\} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("steamflow_last_success")));
}

TEST_F(Metrics, ShardsHaveGroupsOfTheirOwn) {
  Pushed({kGamesTask, "--shard", "1/2"});
  EXPECT_THAT(gateway_.calls().back().target, testing::EndsWith("/shard/1"));
}

TEST_F(Metrics, APlainVariableNamesTheGatewayToo) {
  environment_.erase("AIRFLOW_VAR_PUSHGATEWAY_URL");
  environment_["PUSHGATEWAY_URL"] = gateway_.url() + "/";
  EXPECT_THAT(Pushed({kNewsTask}), HasSubstr("cursor=\"news_seen:1623730\"} 1"));
}

TEST_F(Metrics, AGatewayThatIsDownDoesNoHarm) {
  environment_["AIRFLOW_VAR_PUSHGATEWAY_URL"] = "http://127.0.0.1:1";
  ExpectWarning("127.0.0.1:1");
}

TEST_F(Metrics, AGatewayThatRefusesDoesNoHarm) {
  answer_ = {.status = 400, .body = "text format parsing error"};
  ExpectWarning("HTTP 400: text format parsing error");
}

TEST_F(Metrics, AGatewayThatHangsDoesNoHarm) {
  answer_.delay = std::chrono::seconds(2);
  ExpectWarning("imed out");
}

// The result must still be the last line.
TEST_F(Metrics, TheWarningComesBeforeTheResult) {
  answer_.status = 500;
  const Ended run = Run({kCountsTask}, Streams::kMerged);
  EXPECT_EQ(run.Lines().size(), 2u);
  EXPECT_EQ(run.Result().Text("/status"), "success");
}

TEST_F(Metrics, AFileHoldsThemToo) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / UniqueTopic("metrics_test");
  std::filesystem::create_directory(folder);
  const std::string pushed =
      Pushed({kCountsTask, "--metrics-file", folder / "steam-current-players.prom"});
  std::ifstream file(folder / "steam-current-players.prom");
  const std::string written(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(written, pushed);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
}

TEST_F(Metrics, AFileThatCannotBeWrittenDoesNoHarm) {
  const Ended run = Run({kCountsTask, "--metrics-file", "/no/such/folder/metrics.prom"});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_THAT(run.err, HasSubstr("--metrics-file"));
  EXPECT_EQ(gateway_.calls().size(), 1u);
}

}  // namespace
}  // namespace steamflow::test
