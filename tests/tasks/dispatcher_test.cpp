// `steamflow TASK`, the entry point of the image. The file of variables that it reads can only be
// tested in tests/docker.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

class Dispatcher : public TaskTest {};

TEST_F(Dispatcher, BecomesTheTask) {
  const Ended direct = Run({kCountsTask, "--sink", "stdout"});
  const Ended dispatched = Run({"steamflow", kCountsTask, "--sink", "stdout"});
  ASSERT_EQ(dispatched.exit_code, 0) << dispatched.err;
  EXPECT_EQ(dispatched.err, "");
  EXPECT_EQ(dispatched.Lines().size(), direct.Lines().size());
  EXPECT_EQ(dispatched.Result().Text("/task"), kCountsTask);
}

TEST_F(Dispatcher, PassesOnTheExitCode) {
  const Ended run = Run({"steamflow", kNewsTask, "--no-such-option"});
  EXPECT_EQ(run.exit_code, 64);
  EXPECT_EQ(run.Result().Text("/task"), kNewsTask);
}

TEST_F(Dispatcher, SignalsReachTheTask) {
  Fault(R"({"kind": "silence", "times": -1})");
  Program program({"steamflow", kCountsTask, "--sink", "stdout"}, environment_);
  ASSERT_TRUE(Eventually([&] { return Requests() > 0; }));
  program.Send(SIGTERM);
  const Ended run = program.Wait();
  EXPECT_EQ(run.exit_code, 143);
  EXPECT_EQ(run.Result().Text("/error/kind"), "interrupted");
}

TEST_F(Dispatcher, HelpListsTheTasks) {
  const Ended run = Run({"steamflow", "--help"});
  EXPECT_EQ(run.exit_code, 0);
  std::size_t tasks = 0;
  for (const auto& folder : std::filesystem::directory_iterator(TASKS_FOLDER)) {
    if (!std::filesystem::exists(folder.path() / "main.cpp")) continue;
    std::string task = folder.path().filename();
    std::replace(task.begin(), task.end(), '_', '-');
    EXPECT_NE(run.out.find("\n  " + task + "\n"), std::string::npos) << task;
    EXPECT_EQ(Run({"steamflow", task, "--version"}).out, Run({task, "--version"}).out);
    ++tasks;
  }
  EXPECT_GE(tasks, 13U);
}

TEST_F(Dispatcher, HasTheTasksDescribeThemselves) {
  const Ended all = RunProgram({"steamflow", "describe"}, {});
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_EQ(all.err, "");
  std::set<std::string> tasks;
  for (const std::string& line : all.Lines()) {
    const std::string task = JsonValue(line).Text("/task");
    EXPECT_EQ(RunProgram({"steamflow", "describe", task}, {}).out, line + "\n");
    EXPECT_NE(Run({"steamflow", "--help"}).out.find("\n  " + task + "\n"), std::string::npos);
    tasks.insert(task);
  }
  EXPECT_GE(tasks.size(), 13U);
  const Ended full = Run(
      {"/bin/sh", "-c", R"(exec "$0" describe steam-news >/dev/full)", BinaryPath("steamflow")});
  EXPECT_EQ(full.exit_code, 74);
  EXPECT_NE(full.err.find("steam-news --describe has failed"), std::string::npos) << full.err;
}

// The script of the Python package is tested in tests/packages.
TEST_F(Dispatcher, TheDagsComeWithThePythonPackage) {
  const Ended run = Run({"steamflow", "dags", "install", "/nonexistent"});
  EXPECT_EQ(run.exit_code, 78);
  EXPECT_NE(run.err.find("pip"), std::string::npos) << run.err;
}

TEST_F(Dispatcher, WithoutATaskNothingRuns) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"steamflow"},
                                                  {"steamflow", ""},
                                                  {"steamflow", "no-such-task"},
                                                  {"steamflow", "../bin/steam-news"},
                                                  {"steamflow", "steamflow"},
                                                  {"steamflow", "describe", ""},
                                                  {"steamflow", "describe", "no-such-task"},
                                                  {"steamflow", "--sink"}}) {
    const Ended run = Run(command);
    EXPECT_EQ(run.exit_code, 64);
    EXPECT_EQ(run.out, "");
    EXPECT_NE(run.err.find("steamflow --help lists the tasks"), std::string::npos) << run.err;
  }
}

}  // namespace
}  // namespace steamflow::test
