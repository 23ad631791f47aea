// Redis is down, slow or refuses requests.

#include <csignal>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

class RedisFaults : public TaskTest {
 protected:
  std::set<std::string> Expected() const {
    return ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, 100);
  }
};

TEST_F(RedisFaults, DownIs75BeforeAnyCall) {
  redis_.process().Send(SIGTERM);
  redis_.process().Wait();
  for (const char* task : {kGamesTask, kPlayersTask, kNewsTask}) {
    const Ended run = Run({task});
    EXPECT_EQ(run.exit_code, 75) << run.out;
    EXPECT_NE(run.Result().Text("/error/message").find("Redis"), std::string::npos);
  }
  EXPECT_EQ(Requests(), 0u);
}

TEST_F(RedisFaults, GoneAtTheEndIs75AndTheRecordsComeAgainUnderTheirIds) {
  Fault(R"({"kind":"latency","ms":2000})");
  Program program({kPlayersTask}, environment_);
  ASSERT_TRUE(Eventually([&] { return Requests() == 1; }));
  redis_.process().Send(SIGKILL);
  const Ended run = program.Wait();
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(EventIdsOnce(Topic(kPlayersTopic)), Expected());
  RedisServer other;  // has no pass, so the same logical date gives the same event ids
  environment_["AIRFLOW_CONN_REDIS_DEFAULT"] = other.url();
  EXPECT_EQ(Run({kPlayersTask}).exit_code, 0);
  EXPECT_EQ(EventIds(Topic(kPlayersTopic)), Expected());
}

TEST_F(RedisFaults, FrozenMeetsTheDeadline) {
  redis_.process().Send(SIGSTOP);
  const Ended run = Run({kPlayersTask, "--deadline", "2"});
  redis_.process().Send(SIGCONT);
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_LT(run.seconds, 4);
  EXPECT_EQ(Requests(), 0u);
}

TEST_F(RedisFaults, ConnectionsCutBetweenCommandsAreMadeAnew) {
  Fault(R"({"kind":"latency","ms":2000})");
  Program program({kPlayersTask}, environment_);
  ASSERT_TRUE(Eventually([&] { return Requests() == 1; }));
  redis_.Command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  const Ended run = program.Wait();
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(redis_.Get("last_user_id"), ToText(kFirstPlayersId - 100));
}

TEST_F(RedisFaults, RefusedLoginIs77) {
  RedisServer locked("right-pw");
  for (const auto& [userinfo, code] : {std::pair<std::string, int>{":right-pw@", 0},
                                       {":wrong-pw@", 77},
                                       {"", 77},
                                       {"nobody:right-pw@", 77}}) {
    SCOPED_TRACE(userinfo);
    environment_["AIRFLOW_CONN_REDIS_DEFAULT"] =
        "redis://" + userinfo + "127.0.0.1:" + std::to_string(locked.port()) + "/0";
    const Ended run = Run({kPlayersTask});
    EXPECT_EQ(run.exit_code, code) << run.out;
    EXPECT_EQ((run.out + run.err).find("-pw"), std::string::npos) << run.out << run.err;
  }
  EXPECT_EQ(Requests(), 1u);
}

TEST_F(RedisFaults, DatabaseIsChosen) {
  environment_["AIRFLOW_CONN_REDIS_DEFAULT"] =
      "redis://127.0.0.1:" + std::to_string(redis_.port()) + "/3";
  EXPECT_EQ(Run({kPlayersTask}).exit_code, 0);
  EXPECT_TRUE(redis_.Keys().empty());
  redis_.Command({"SELECT", "3"});
  EXPECT_EQ(redis_.Get("last_user_id"), ToText(kFirstPlayersId - 100));
  environment_["AIRFLOW_CONN_REDIS_DEFAULT"] =
      "redis://127.0.0.1:" + std::to_string(redis_.port()) + "/99";
  EXPECT_EQ(Run({kPlayersTask}).exit_code, 78);
}

TEST_F(RedisFaults, ReadOnlyIs75) {
  RedisServer primary;
  redis_.Command({"REPLICAOF", "127.0.0.1", std::to_string(primary.port())});
  const Ended run = Run({kPlayersTask});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(Requests(), 0u);
}

TEST_F(RedisFaults, FullMemoryIs75) {
  redis_.Command({"CONFIG", "SET", "maxmemory", "1"});
  const Ended run = Run({kPlayersTask});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(Requests(), 0u);
}

}  // namespace
}  // namespace steamflow::test
