// The promises of every task about its output and exit codes. The checks of settings are in
// settings_test.cpp.

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

class Contract : public TaskTest {
 protected:
  // Runs the task under a shell that redirects its streams.
  Ended RunWith(const std::string& redirection, const std::string& arguments = "") {
    return Run(
        {"/bin/sh", "-c", "exec \"$0\" " + arguments + " " + redirection, BinaryPath(kGamesTask)});
  }
  void ExpectNothingDone() {
    EXPECT_EQ(Requests(), 0u);
    EXPECT_TRUE(redis_.Keys().empty());
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / UniqueTopic("contract_test");
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
};

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

using Names = std::vector<std::string>;

// The tests validate every result that they read. This shows that an invalid one would be noticed.
TEST_F(Contract, AResultThatIsNotAsDescribedIsNotTaken) {
  const Ended run = Run({kGamesTask});
  EXPECT_NO_THROW(run.Result());
  const std::pair<std::string, std::string> changes[] = {
      {R"("retries":0)", R"("retries":"0")"},
      {R"("retries":0)", R"("retries":-1)"},
      {R"("retries":0,)", ""},
      {R"("retries":0)", R"("retries":0,"attempts":1)"},
      {R"("exit_code":0)", R"("exit_code":1)"},
      {R"("cursors":[)", R"("cursors":[{"key":"last_steam_id"},)"},
      {R"("error":null)", R"("error":{"kind":"none","message":"nothing"})"},
      {R"("elapsed_seconds")", R"("seconds")"},
  };
  for (const auto& [from, to] : changes) {
    Ended changed = run;
    const auto at = changed.out.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    changed.out.replace(at, from.size(), to);
    EXPECT_THROW(changed.Result(), std::runtime_error) << changed.out;
  }
}

TEST_F(Contract, ResultHasItsKeysInOrder) {
  environment_["AIRFLOW_CTX_MAP_INDEX"] = "3";
  const Ended run = Run({kGamesTask});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.Lines().size(), 1u);
  EXPECT_EQ(run.out.back(), '\n');
  const JsonValue result = run.Result();
  EXPECT_EQ(result.Names(), (Names{"task", "version", "status", "exit_code", "retryable", "run",
                                   "source", "kafka", "cursors", "error", "elapsed_seconds"}));
  EXPECT_EQ(result.Names("/source"), (Names{"requests", "retries", "items"}));
  EXPECT_EQ(result.Names("/source/items"),
            (Names{"ok", "empty", "withheld", "absent", "rejected"}));
  EXPECT_EQ(result.Names("/kafka"),
            (Names{"topic", "records", "acknowledged", "bytes", "dead_letters"}));
  EXPECT_EQ(result.Names("/cursors/0"), (Names{"key", "from", "to", "advanced"}));
  EXPECT_EQ(result.Raw("/run"),
            R"({"dag_id":"test_dag","task_id":"test_task",)"
            R"("run_id":"scheduled__2026-11-22T22:34:00+00:00","try_number":1,"map_index":3,)"
            R"("logical_date":"2026-11-22T22:34:00Z"})");
  EXPECT_EQ(result.Text("/task"), kGamesTask);
  EXPECT_EQ(result.Text("/status"), "success");
  EXPECT_EQ(result.Number("/exit_code"), 0);
  EXPECT_FALSE(result.Bool("/retryable"));
  EXPECT_TRUE(result.IsNull("/error"));
  EXPECT_GT(result.Real("/elapsed_seconds"), 0.0);
}

TEST_F(Contract, ResultComesLastWhenStreamsAreMerged) {
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames"},"kind":"status","status":429,"times":5})");
  const Ended run = Run({kGamesTask}, Streams::kMerged);
  ASSERT_EQ(run.exit_code, 0) << run.out;
  EXPECT_GT(run.Lines().size(), 5u);  // the warnings
  EXPECT_EQ(run.Result().Text("/status"), "success");
  EXPECT_EQ(run.Result().Number("/source/retries"), 5);
}

TEST_F(Contract, FailureIsTheLastLineTooWhenStreamsAreMerged) {
  Fault(R"({"kind":"key_refused_401","times":-1})");
  const Ended run = Run({kGamesTask}, Streams::kMerged);
  EXPECT_EQ(run.exit_code, 77) << run.out;
  EXPECT_EQ(run.Result().Text("/status"), "failed");
  EXPECT_EQ(run.Result().Text("/error/kind"), "auth");
}

TEST_F(Contract, HelpAndVersionGoToStdout) {
  for (const char* task : {kGamesTask, kPlayersTask, kCountsTask, kNewsTask}) {
    const Ended help = RunProgram({task, "--help"}, {});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_EQ(help.err, "");
    for (const char* part : {"AIRFLOW_VAR_STEAM_API_URL", "--deadline", "Example:", "--sink"}) {
      EXPECT_NE(help.out.find(part), std::string::npos) << part << " in:\n" << help.out;
    }
    const Ended version = RunProgram({task, "--version"}, {});
    EXPECT_EQ(version.exit_code, 0);
    EXPECT_EQ(version.out.rfind(std::string(task) + " ", 0), 0u) << version.out;
  }
}

TEST_F(Contract, ClosedStdoutIs74BeforeAnyWork) {
  const Ended run = RunWith(">&-");
  EXPECT_EQ(run.exit_code, 74) << run.err;
  EXPECT_NE(run.err.find("stdout"), std::string::npos);
  ExpectNothingDone();
}

TEST_F(Contract, FullStdoutIs74) {
  const Ended run = RunWith(">/dev/full");
  EXPECT_EQ(run.exit_code, 74) << run.err;
  EXPECT_NE(run.err.find("No space left"), std::string::npos) << run.err;
}

TEST_F(Contract, LostReaderOfStdoutIs74) {
  // The reader of the pipe ends before the task writes.
  Fault(R"({"kind":"latency","ms":300})");
  const Ended run =
      Run({"/bin/bash", "-c", "\"$0\" | true; exit ${PIPESTATUS[0]}", BinaryPath(kGamesTask)});
  EXPECT_EQ(run.exit_code, 74) << run.err;
}

TEST_F(Contract, ClosedStderrDoesNoHarm) {
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames"},"kind":"status","status":503,"times":2})");
  const Ended run = RunWith("2>&-");
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(EventIdsOnce(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, 100));
}

TEST_F(Contract, XcomFileHoldsTheResult) {
  const std::string path = folder_ / "return.json";
  std::ofstream(path) << "what an earlier run has left, longer than any result "
                      << std::string(9999, '.');
  const Ended run = Run({kGamesTask, "--xcom-file", path});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(Content(path), run.out);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(Contract, XcomFileHoldsFailuresToo) {
  const std::string path = folder_ / "return.json";
  environment_["AIRFLOW_VAR_STEAM_TIMEZONE"] = "Mars/Phobos";
  const Ended run = Run({kGamesTask, "--xcom-file", path});
  EXPECT_EQ(run.exit_code, 78) << run.err;
  EXPECT_EQ(Content(path), run.out);
  EXPECT_EQ(run.Result().Text("/error/kind"), "config");
}

TEST_F(Contract, XcomFileHoldsUsageErrorsToo) {
  const std::string path = folder_ / "return.json";
  const std::vector<std::vector<std::string>> mistakes = {
      {"--no-such-flag"}, {"--deadline", "soon"}, {"--logical-date", "tomorrow"}};
  for (const std::vector<std::string>& mistake : mistakes) {
    SCOPED_TRACE(mistake[0]);
    std::filesystem::remove(path);
    std::vector<std::string> command{kGamesTask, "--xcom-file", path};
    command.insert(command.end(), mistake.begin(), mistake.end());
    const Ended run = Run(command);
    EXPECT_EQ(run.exit_code, 64) << run.err;
    EXPECT_EQ(Content(path), run.out);
  }
}

TEST_F(Contract, UnwritableXcomFileIs74BeforeAnyWork) {
  const Ended missing = Run({kGamesTask, "--xcom-file", folder_ / "no/such/return.json"});
  EXPECT_EQ(missing.exit_code, 74) << missing.err;
  EXPECT_EQ(missing.Result().Text("/error/kind"), "internal");
  EXPECT_TRUE(missing.Result().Bool("/retryable"));
  ExpectNothingDone();
  std::filesystem::create_directory(folder_ / "taken");
  const Ended folder = Run({kGamesTask, "--xcom-file", folder_ / "taken"});
  EXPECT_EQ(folder.exit_code, 74) << folder.err;
}

TEST_F(Contract, LogsAreOneLineEachAndCanBeJson) {
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames"},"kind":"status","status":503,"times":3})");
  const Ended run = Run({kGamesTask, "--log-format", "json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  std::istringstream lines(run.err);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const JsonValue log(line);
    EXPECT_EQ(log.Names(), (Names{"time", "level", "task", "message"}));
    EXPECT_EQ(log.Text("/level"), "warning");
  }
  EXPECT_EQ(count, 3);
}

TEST_F(Contract, TerminalSeesProgressAndBatchDoesNot) {
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames"},"kind":"latency","ms":600,"times":3})");
  const Ended terminal =
      Run({"/usr/bin/script", "-qec", BinaryPath(kGamesTask) + " >/dev/null", "/dev/null"});
  EXPECT_EQ(terminal.exit_code, 0) << terminal.out;
  EXPECT_NE(terminal.out.find("of 100 items"), std::string::npos) << terminal.out;
  redis_.Command({"FLUSHALL"});
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames"},"kind":"latency","ms":600,"times":3})");
  const Ended quiet = Run({"/usr/bin/script", "-qec",
                           BinaryPath(kGamesTask) + " --no-progress >/dev/null", "/dev/null"});
  EXPECT_EQ(quiet.exit_code, 0) << quiet.out;
  EXPECT_EQ(quiet.out, "");
}

TEST_F(Contract, RefusedKeyIs77AfterOneCall) {
  for (const char* kind : {"key_refused_401", "key_refused_403"}) {
    standin_.ClearFaults();
    standin_.Control("DELETE", "/standin/requests");
    Fault(std::string(R"({"times":-1,"kind":")") + kind + R"("})");
    const Ended run = Run({kGamesTask});
    EXPECT_EQ(run.exit_code, 77) << run.out;
    EXPECT_FALSE(run.Result().Bool("/retryable"));
    EXPECT_NE(run.Result().Text("/error/message").find("STEAM_API_KEY"), std::string::npos);
    EXPECT_EQ(Requests(), 1u);
    EXPECT_EQ(redis_.Get("last_steam_id").value_or(ToText(kFirstGamesId)), ToText(kFirstGamesId));
  }
}

TEST_F(Contract, EveryTryOfARunSaysTheSame) {
  environment_["AIRFLOW_CTX_TRY_NUMBER"] = "2";
  environment_.erase("AIRFLOW_CTX_DAG_ID");
  environment_["AIRFLOW_CTX_LOGICAL_DATE"] = "2026-11-23T07:40:12.5+09:00";
  const Ended run = Run({kCountsTask});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Result().Number("/run/try_number"), 2);
  EXPECT_EQ(run.Result().Text("/run/logical_date"), "2026-11-22T22:40:12Z");
  EXPECT_TRUE(run.Result().IsNull("/run/dag_id"));
}

}  // namespace
}  // namespace steamflow::test
