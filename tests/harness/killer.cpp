#include "killer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <random>
#include <thread>

namespace steamflow::test {
namespace {

constexpr int kMostCalls = 400;  // of one kind in one run
constexpr int kRandomKills = 25;

bool DiesAt(const std::string& call, int number, std::vector<std::string> command,
            const Environment& environment) {
  command[0] = BinaryPath(command[0]);
  command.insert(command.begin(),
                 {STRACE, "-f", "-o", "/dev/null", "-e", "trace=" + call, "-e",
                  "inject=" + call + ":signal=KILL:when=" + std::to_string(number)});
  const Ended ended = RunProgram(std::move(command), environment);
  EXPECT_TRUE(ended.exit_code == -SIGKILL || ended.exit_code == 0)
      << ended.exit_code << ended.out << ended.err;
  return ended.exit_code == -SIGKILL;
}

}  // namespace

void ForEveryKill(const std::vector<std::string>& calls, const Environment& environment,
                  const std::function<bool(const Killer&)>& round) {
  for (const auto& call : calls) {
    bool survived = false;
    int kills = 0;
    for (int number = 1; !survived && number <= kMostCalls && !testing::Test::HasFailure();
         ++number) {
      SCOPED_TRACE(call + " " + std::to_string(number));
      survived = round([&](std::vector<std::string> command) {
        return DiesAt(call, number, std::move(command), environment);
      });
      if (!survived) ++kills;
    }
    EXPECT_TRUE(survived) << "the run was killed at every " << call;
    EXPECT_GT(kills, 0) << "no run was killed at " << call;
    std::cout << kills << " kills at " << call << '\n';
  }
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  double longest = 0;  // seconds that the last run took that was not killed
  int kills = 0;
  for (int i = 0; i <= kRandomKills && !testing::Test::HasFailure(); ++i) {
    round([&](std::vector<std::string> command) {
      Program program(std::move(command), environment);
      if (i > 0) {
        const std::chrono::duration<double> life(
            std::uniform_real_distribution<>(0, longest)(random));
        std::this_thread::sleep_for(life);
        program.Send(SIGKILL);
      }
      const Ended ended = program.Wait();
      if (ended.exit_code == 0) longest = ended.seconds;
      if (ended.exit_code == -SIGKILL) ++kills;
      return ended.exit_code == -SIGKILL;
    });
  }
  std::cout << kills << " kills at random\n";
  EXPECT_GT(kills, kRandomKills / 4);
}

}  // namespace steamflow::test
