// SIGKILL at every message that a replay of dead letters sends, and at random moments: each letter
// is replayed once.

#include "killer.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

class KillReplay : public ::testing::Test {
 protected:
  KillReplay() {
    CreateTopic(RealBrokers(), kDeadLetters, 3);
    CreateTopic(RealBrokers(), topic_, 2);
  }

  // Writes one more dead letter, and returns the command that replays all open ones.
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
  ForEveryKill({"sendmsg"}, {}, [&](const Killer& kill) { return !kill(ReplayOneMore()); });
  const Ended last = RunProgram(ReplayOneMore(), {});
  EXPECT_EQ(last.exit_code, 0) << last.out << last.err;
  EXPECT_EQ(EventIdsOnce(ReadTopic(RealBrokers(), topic_)).size(),
            static_cast<std::size_t>(letters_));
}

}  // namespace
}  // namespace steamflow::test
