// I8: SIGKILL at every write and wait of a task, with a real Kafka and Redis, each followed by
// clean runs. Nothing may be lost, no cursor may be wrong, and no event id unexpected.

#include "killer.h"
#include "steam_standin/news.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

// The system calls that send something, and those right before and after. strace counts each kind
// of system call separately, for each thread.
const std::vector<std::string> kCalls{"write",   "sendto", "sendmsg", "recvfrom",
                                      "recvmsg", "poll",   "futex"};

// Returns a minute of this month that is not far ahead of the clock.
std::string Minute(int number) {
  const std::string month = MinuteFromNow().substr(0, std::string("2026-11").size());
  return month + "-01T" + (number / 60 % 24 < 10 ? "0" : "") + std::to_string(number / 60 % 24) +
         ":" + (number % 60 < 10 ? "0" : "") + std::to_string(number % 60) + "Z";
}

class Kill : public TaskTest {
 protected:
  Kill() : topic_(UniqueTopic("kill_test")) {
    CreateTopic(RealBrokers(), topic_);
    environment_ = TaskEnvironment(standin_.url(), RealBrokers(), redis_.url());
    environment_.erase("AIRFLOW_CTX_DAG_RUN_ID");
  }

  // Calls `round` once for each kill. `round(kill)` is one experiment; in it, `kill(command)` runs
  // the command and returns whether it was killed.
  void ForEveryKill(const std::function<void(const Killer&)>& round) {
    test::ForEveryKill(kCalls, environment_, [&](const Killer& kill) {
      bool was_killed = false;
      round(
          [&](std::vector<std::string> command) { return was_killed = kill(std::move(command)); });
      return !was_killed;
    });
  }

  // Expects that a walk of ten ids down to the lowest one, killed and then finished by clean runs,
  // is complete.
  void ExpectWalkSurvives(const char* task, const std::string& cursor,
                          std::set<std::string> (*expected_of)(const standin::Accounts&,
                                                               const std::string&,
                                                               const std::string&, std::uint64_t,
                                                               std::uint64_t)) {
    constexpr std::uint64_t kIds = 10;
    const std::uint64_t start = kLowestId + kIds - 1;
    const std::vector<std::string> command{task,          "--topic", topic_, "--start-id",
                                           ToText(start), "--count", "6"};
    std::set<std::string> expected;
    int minute = 0;
    ForEveryKill([&](const Killer& kill) {
      redis_.Command({"FLUSHALL"});
      standin_.Control("DELETE", "/standin/requests");
      environment_["AIRFLOW_CTX_LOGICAL_DATE"] = Minute(minute++);
      const bool was_killed = kill(command);
      const auto pass = redis_.Get(cursor + ":pass");
      const auto reached = std::stoull(redis_.Get(cursor).value_or(ToText(start)));
      EXPECT_TRUE(reached == start || reached == start - 6) << reached;
      EXPECT_TRUE(was_killed || reached == start - 6);

      environment_["AIRFLOW_CTX_LOGICAL_DATE"] = Minute(minute++);
      for (auto at = reached; at >= kLowestId; at = std::stoull(*redis_.Get(cursor))) {
        const Ended clean = Run(command);
        ASSERT_EQ(clean.exit_code, 0) << clean.out << clean.err;
        ASSERT_TRUE(clean.Result().Bool("/cursors/0/advanced"));
      }
      EXPECT_EQ(redis_.Get(cursor), ToText(kLowestId - 1));
      EXPECT_EQ(Run(command).exit_code, 99);
      const std::string now = *redis_.Get(cursor + ":pass");
      EXPECT_EQ(pass.value_or(now), now);
      EXPECT_GE(CallsCounted(), Requests());
      expected.merge(expected_of(accounts_, topic_, now, start, kIds));
    });
    EXPECT_FALSE(expected.empty());
    EXPECT_EQ(EventIds(ReadTopic(RealBrokers(), topic_)), expected);
  }

  const std::string topic_;
};

TEST_F(Kill, PlayerSummariesLoseNothing) {
  ExpectWalkSurvives(kPlayersTask, "last_user_id@" + topic_, &ExpectedPlayers);
}

TEST_F(Kill, RecentlyPlayedGamesLoseNothing) {
  ExpectWalkSurvives(kGamesTask, "last_steam_id@" + topic_, &ExpectedGames);
}

TEST_F(Kill, CurrentPlayersLoseNothing) {
  std::set<std::string> expected;
  int minute = 0;
  ForEveryKill([&](const Killer& kill) {
    const std::string date = Minute(minute++);
    environment_["AIRFLOW_CTX_LOGICAL_DATE"] = date;
    const std::vector<std::string> command{kCountsTask, "--topic", topic_};
    kill(command);
    ASSERT_EQ(Run(command).exit_code, 0);
    for (const char* app : {"582010", "1245620", "1623730"}) {
      expected.insert(topic_ + "/" + app + "/" + date);
    }
  });
  EXPECT_EQ(EventIds(ReadTopic(RealBrokers(), topic_)), expected);
}

TEST_F(Kill, NewsLoseNothing) {
  std::set<std::string> expected;
  std::uint32_t app = 1;
  ForEveryKill([&](const Killer& kill) {
    app += 1000;  // a new app
    const std::vector<std::string> command{kNewsTask, "--topic", topic_, "--steam-news-apps",
                                           "[" + ToText(app) + "]"};
    kill(command);
    ASSERT_EQ(Run(command).exit_code, 0);
    const auto items = standin::NewsOf(app);
    for (const auto& item : items)
      expected.insert(topic_ + "/" + ToText(app) + "/" + ToText(item.gid));
    EXPECT_EQ(redis_.Hash("news_seen:" + ToText(app) + "@" + topic_).size(), items.size() + 1);
  });
  EXPECT_EQ(WithoutEditions(EventIds(ReadTopic(RealBrokers(), topic_))), expected);
}

}  // namespace
}  // namespace steamflow::test
