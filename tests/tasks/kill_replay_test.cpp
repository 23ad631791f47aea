// SIGKILL at every message that a replay of dead letters sends, and at random: each is replayed
// once.

#include <csignal>
#include <iostream>
#include <random>

#include "task_test.h"

namespace steamflow::test {
namespace {

constexpr int kMostCalls = 300;
constexpr int kRandomKills = 20;

class KillReplay : public ::testing::Test {
 protected:
  KillReplay() {
    CreateTopic(RealBrokers(), kDeadLetters, 3);
    CreateTopic(RealBrokers(), topic_, 2);
  }

  // One more letter, and the replay of all that are open.
  std::vector<std::string> ReplayOneMore() {
    const std::string id = topic_ + "/" + std::to_string(letters_++);
    WriteTopic(RealBrokers(), kDeadLetters,
               {{id,
                 "{}",
                 {{"reason", "test"},
                  {"source_topic", topic_},
                  {"event_id", id},
                  {"source_key", id},
                  {"source_partition", "0"}}}});
    return {"kafka-dead-letters", "--brokers", RealBrokers(), "--source-topic", topic_, "--replay"};
  }

  const std::string topic_ = UniqueTopic("kill_replay");
  int letters_ = 0;
};

TEST_F(KillReplay, DeliversEachLetterOnce) {
  int kills = 0;
  bool survived = false;
  for (int number = 1; !survived && number <= kMostCalls && !HasFailure(); ++number) {
    auto command = ReplayOneMore();
    command[0] = BinaryPath(command[0]);
    command.insert(command.begin(), {STRACE, "-f", "-o", "/dev/null", "-e", "trace=sendmsg", "-e",
                                     "inject=sendmsg:signal=KILL:when=" + std::to_string(number)});
    const Ended ended = RunProgram(command, {});
    survived = ended.exit_code == 0;
    EXPECT_TRUE(survived || ended.exit_code == -SIGKILL) << ended.exit_code << ended.err;
    if (!survived) ++kills;
  }
  EXPECT_TRUE(survived);
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  double longest = 0.1;  // seconds that a run takes
  for (int i = 0; i < kRandomKills; ++i) {
    const std::chrono::duration<double> life(std::uniform_real_distribution<>(0, longest)(random));
    Program program(ReplayOneMore(), {});
    std::this_thread::sleep_for(life);
    program.Send(SIGKILL);
    const Ended ended = program.Wait();
    longest = std::max(longest, ended.exit_code == 0 ? ended.seconds : life.count() * 1.5);
    if (ended.exit_code == -SIGKILL) ++kills;
  }
  std::cout << kills << " kills\n";
  EXPECT_GT(kills, 20);
  const Ended last = RunProgram(ReplayOneMore(), {});
  EXPECT_EQ(last.exit_code, 0) << last.out << last.err;
  EXPECT_EQ(EventIdsOnce(ReadTopic(RealBrokers(), topic_)).size(),
            static_cast<std::size_t>(letters_));
}

}  // namespace
}  // namespace steamflow::test
