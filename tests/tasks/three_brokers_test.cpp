#include <filesystem>
#include <fstream>

#include "task_test.h"

namespace steamflow::test {
namespace {

std::string LineOf(const Ended& run, const std::string& check) {
  for (const std::string& line : run.Lines()) {
    if (line.find(check) != std::string::npos) return line;
  }
  return "";
}

// What kafka-create-topics and pipeline-check make of replication, and of a broker that dies.
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

  // With one broker of three gone two replicas are in sync, which is what records need.
  kafka.Kill(3);
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

  // The broker will come back: two in the cluster are no reason to call three replicas drift.
  const Ended again = RunProgram(create, {});
  EXPECT_EQ(again.exit_code, 0) << again.out;
  EXPECT_EQ(again.err, "");
  EXPECT_EQ(again.Result().Text("/topics/0/action"), "unchanged");

  const auto file = std::filesystem::temp_directory_path() / UniqueTopic("topics.json");
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
