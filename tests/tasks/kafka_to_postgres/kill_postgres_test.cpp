// I4 and I8 for kafka-to-postgres: SIGKILL at every write and wait, and at random moments, each
// followed by a clean run. Each event id is in PostgreSQL once, and none is missing.

#include "killer.h"
#include "postgres_sink_fixture.h"

namespace steamflow::test {
namespace {

// The system calls for PostgreSQL's requests and responses, Kafka's requests, and the result.
const std::vector<std::string> kCalls{"sendto", "recvfrom", "sendmsg", "write"};

class KillSink : public PostgresSinkTest {
 protected:
  // Writes new records of every kind; one of them is poison and one a duplicate.
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
    const std::string gid = R"("feed_appid":1,"gid":")" + std::to_string(n) + "\"";
    Write(kNewsTopic, {with_id(kNewsTopic, At(time, gid))});
  }

  void ExpectEachOnce() {
    const std::string all = std::to_string(rounds_);
    EXPECT_EQ(Value("SELECT (count(*), count(DISTINCT event_id)) FROM records"),
              "(" + std::to_string(4 * rounds_) + "," + std::to_string(4 * rounds_) + ")");
    for (const char* table : {"player_counts", "recently_played_games", "players", "news"}) {
      EXPECT_EQ(Rows(table), all) << table;
    }
  }

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
  ForEveryKill(kCalls, environment_, [&](const Killer& kill) { return Survives(kill); });
  // The poison of each round became a dead letter, perhaps more than once.
  std::set<std::string> letters;
  for (const Message& letter : Letters()) letters.insert(letter.key);
  EXPECT_EQ(letters.size(), static_cast<std::size_t>(rounds_));
}

}  // namespace
}  // namespace steamflow::test
