// I4 and I6 for kafka-to-postgres: SIGKILL at every write and wait, and at random, each followed by
// a clean run. Each event id is in PostgreSQL once, and none is missing.

#include <csignal>
#include <functional>
#include <iostream>
#include <random>

#include "postgres_sink_test.h"

namespace steamflow::test {
namespace {

// PostgreSQL's requests and their answers, Kafka's requests, the result.
const std::vector<std::string> kCalls{"sendto", "recvfrom", "sendmsg", "write"};
constexpr int kMostCalls = 400;  // of one kind in one run
constexpr int kRandomKills = 40;

class KillSink : public PostgresSinkTest {
 protected:
  // New records of every kind, one of them poison and one twice.
  void WriteSome() {
    const int n = ++rounds_;
    const std::string id = "/" + std::to_string(n);
    const std::string time = "2026-11-22T22:34:00Z";
    const auto with_id = [&](const std::string& topic, const std::string& value) {
      return NewMessage{std::to_string(n), value, {{"event_id", topic + id}}};
    };
    const auto count = with_id(kCountsTopic, At(time, R"("player_count":1)"));
    Write(kCountsTopic, {count, count, with_id("poison", "x")});
    Write(kGamesTopic, {with_id(kGamesTopic, At(time, R"("appid":1,"steam_id":"2")"))});
    Write(kPlayersTopic,
          {with_id(kPlayersTopic, At(time, R"("steamid":")" + std::to_string(n) + "\""))});
    Write(kNewsTopic, {with_id(kNewsTopic, At(time, R"("gid":")" + std::to_string(n) + "\""))});
  }

  void ExpectEachOnce() {
    const std::string all = std::to_string(rounds_);
    EXPECT_EQ(Value("SELECT (count(*), count(DISTINCT event_id)) FROM records"),
              "(" + std::to_string(4 * rounds_) + "," + std::to_string(4 * rounds_) + ")");
    for (const char* table : {"player_counts", "recently_played_games", "players", "news"}) {
      EXPECT_EQ(Rows(table), all) << table;
    }
  }

  // One experiment: `kill(command)` starts a run and says whether it killed it.
  using Killer = std::function<bool(const std::vector<std::string>&)>;
  bool Survives(const Killer& kill) {
    WriteSome();
    const bool was_killed = kill(Command({}));
    Drain();
    ExpectEachOnce();
    return !was_killed;
  }

  int rounds_ = 0;
};

TEST_F(KillSink, StoresEachRecordOnce) {
  WriteSome();
  Drain();
  int kills = 0;
  for (const auto& call : kCalls) {
    bool survived = false;
    const int before = kills;
    for (int number = 1; !survived && number <= kMostCalls && !HasFailure(); ++number) {
      SCOPED_TRACE(call + " " + std::to_string(number));
      survived = Survives([&](std::vector<std::string> command) {
        command[0] = BinaryPath(command[0]);
        command.insert(command.begin(),
                       {STRACE, "-f", "-o", "/dev/null", "-e", "trace=" + call, "-e",
                        "inject=" + call + ":signal=KILL:when=" + std::to_string(number)});
        const Ended ended = RunProgram(command, environment_);
        EXPECT_TRUE(ended.exit_code == -SIGKILL || ended.exit_code == 0)
            << ended.exit_code << ended.out << ended.err;
        return ended.exit_code == -SIGKILL;
      });
      if (!survived) ++kills;
    }
    EXPECT_TRUE(survived) << "no end of " << call;
    std::cout << kills - before << " kills at " << call << '\n';
  }
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  double longest = 0.02;  // seconds that a run takes
  for (int i = 0; i < kRandomKills && !HasFailure(); ++i) {
    Survives([&](const std::vector<std::string>& command) {
      const std::chrono::duration<double> life(
          std::uniform_real_distribution<>(0, longest)(random));
      Program program(command, environment_);
      std::this_thread::sleep_for(life);
      program.Send(SIGKILL);
      const Ended ended = program.Wait();
      longest = std::max(longest, ended.exit_code == 0 ? ended.seconds : life.count() * 1.5);
      if (ended.exit_code == -SIGKILL) ++kills;
      return ended.exit_code == -SIGKILL;
    });
  }
  std::cout << kills << " kills\n";
  EXPECT_GT(kills, 50);
  // The poison of each round is there, perhaps more than once.
  std::set<std::string> letters;
  for (const Message& letter : Letters()) letters.insert(letter.key);
  EXPECT_EQ(letters.size(), static_cast<std::size_t>(rounds_));
}

}  // namespace
}  // namespace steamflow::test
