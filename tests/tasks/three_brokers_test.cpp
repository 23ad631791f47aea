// Replication with three real brokers, one of which dies.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

std::string LineOf(const Ended& run, const std::string& check) {
  for (const std::string& line : run.Lines()) {
    if (line.find(check) != std::string::npos) return line;
  }
  return "";
}

std::filesystem::path TemporaryPath(const std::string& name) {
  return std::filesystem::temp_directory_path() / UniqueTopic(name);
}

std::ptrdiff_t LinesIn(const std::filesystem::path& path) {
  std::ifstream file(path);
  return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
}

// Until the other brokers notice that one has died, a third of their responses still names it as
// the controller. A run that gets such a response sends the request again; an earlier version
// waited for the dead broker.
void FindNextController(const std::string& brokers) {
  std::vector<std::filesystem::path> files;
  std::vector<std::unique_ptr<Program>> runs;
  for (int i = 0; i < 8; ++i) {
    files.push_back(TemporaryPath("topics.json"));
    std::ofstream(files.back()) << R"({")" << UniqueTopic("made")
                                << R"(":{"partitions":1,"replication":3,"config":{}}})";
    runs.push_back(std::make_unique<Program>(
        std::vector<std::string>{"kafka-create-topics", "--brokers", brokers, "--file",
                                 files.back(), "--deadline", "120"},
        Environment{}));
  }
  for (const auto& run : runs) {
    const Ended made = run->Wait(std::chrono::seconds(150));
    EXPECT_EQ(made.exit_code, 0) << made.out;
  }
  for (const auto& file : files) std::filesystem::remove(file);
}

// kafka-create-topics and pipeline-check with replicated topics, before and after a broker dies.
TEST(ThreeBrokers, TopicsAreReplicatedAndDegradedOnesAreToldFromBrokenOnes) {
  const RealKafka kafka(3);
  const std::vector<std::string> create{"kafka-create-topics", "--brokers", kafka.brokers()};
  const Ended created = RunProgram(create, {});
  ASSERT_EQ(created.exit_code, 0) << created.out << created.err;
  for (std::size_t i = 0; i < created.Result().Size("/topics"); ++i) {
    const std::string entry = "/topics/" + std::to_string(i);
    EXPECT_EQ(created.Result().Number(entry + "/replication"), 3);
    EXPECT_FALSE(created.Result().Has(entry + "/replication_wanted"));
    EXPECT_EQ(
        ConfigOf(kafka.brokers(), created.Result().Text(entry + "/name"), "min.insync.replicas"),
        "2");
  }

  const standin::Standin standin({"--key", kApiKey});
  const RedisServer redis;
  auto environment = TaskEnvironment(standin.url(), kafka.brokers(), redis.url());
  const Ended well = RunProgram({"pipeline-check"}, environment);
  EXPECT_EQ(well.exit_code, 0) << well.out;
  EXPECT_NE(LineOf(well, "topic rct_plyd_games").find("replicas: 3"), std::string::npos);

  kafka.Kill(3);
  const auto calls = TemporaryPath("connects");
  Program traced({STRACE, "-f", "-qq", "-o", calls, "-e", "trace=connect",
                  BinaryPath("kafka-create-topics"), "--brokers", kafka.brokers()},
                 {});
  FindNextController(kafka.brokers());
  EXPECT_EQ(traced.Wait().exit_code, 0);
  EXPECT_LT(LinesIn(calls), 1000) << "there is no pause between two attempts to reach a broker";
  std::filesystem::remove(calls);

  // With one of three brokers gone, two replicas are in sync, which is as many as records need.
  Ended degraded;
  EXPECT_TRUE(Eventually(
      [&] {
        degraded = RunProgram({"pipeline-check"}, environment);
        return LineOf(degraded, "topic rct_plyd_games").find("with 2 in sync") !=
                   std::string::npos &&
               degraded.exit_code == 0;
      },
      std::chrono::seconds(60)))
      << degraded.out << degraded.err;

  // The broker will come back, so a cluster of two is no reason to report three replicas as drift.
  const Ended again = RunProgram(create, {});
  EXPECT_EQ(again.exit_code, 0) << again.out;
  EXPECT_EQ(again.err, "");
  EXPECT_EQ(again.Result().Text("/topics/0/action"), "unchanged");

  const auto file = TemporaryPath("topics.json");
  std::ofstream(file) << R"({"steam_news":{"partitions":6,"replication":3,)"
                      << R"("config":{"min.insync.replicas":3}}})";
  auto strict = create;
  strict.insert(strict.end(), {"--file", file, "--apply"});
  const Ended altered = RunProgram(strict, {});
  std::filesystem::remove(file);
  EXPECT_EQ(altered.exit_code, 0) << altered.out;
  EXPECT_EQ(altered.Result().Text("/topics/0/action"), "altered");
  const Ended broken = RunProgram({"pipeline-check"}, environment);
  EXPECT_EQ(broken.exit_code, 75) << broken.out;
  EXPECT_EQ(LineOf(broken, "topic steam_news").substr(0, 4), "FAIL");
  EXPECT_EQ(LineOf(broken, "topic rct_plyd_games").substr(0, 4), "ok  ");
}

}  // namespace
}  // namespace steamflow::test
