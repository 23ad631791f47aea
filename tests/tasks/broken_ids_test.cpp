// An id whose call keeps failing cannot stop the walk, and an outage is not mistaken for such an
// id.

#include "task_fixture.h"

namespace steamflow::test {
namespace {

class BrokenIds : public TaskTest {
 protected:
  BrokenIds() { environment_["AIRFLOW_CTX_LOGICAL_DATE"] = minute_; }

  void FailId(const char* method, std::uint64_t id) {
    Fault(std::string(R"({"match":{"method":")") + method + R"(","steamid":")" + ToText(id) +
          R"("},"kind":"status","status":500,"times":-1})");
  }

  // Four runs in which the id fails and is not passed. Afterwards its first failure is made an hour
  // old.
  void FailFourTimes(const char* task, const std::string& cursor, std::uint64_t broken) {
    for (int run = 1; run <= 4; ++run) {
      const Ended ended = Run({task, "--retries", "0"});
      EXPECT_EQ(ended.exit_code, 75) << ended.out;
      EXPECT_EQ(redis_.Get(cursor), ToText(broken)) << "all ids before it are delivered";
      const auto failures = redis_.Hash(cursor + ":failures");
      ASSERT_EQ(failures.size(), 1u);
      EXPECT_EQ(failures.begin()->first, ToText(broken));
      EXPECT_EQ(failures.begin()->second.substr(0, 2), std::to_string(run) + "/");
    }
    redis_.Command({"HSET", cursor + ":failures", ToText(broken), "4/" + MinuteFromNow(-60)});
  }

  const std::string minute_ = MinuteFromNow();
};

TEST_F(BrokenIds, IdIsDeadLetteredInTheFifthRunAndPassed) {
  const std::uint64_t broken = PublicIds(accounts_, kFirstGamesId, 100)[3];
  FailId("GetRecentlyPlayedGames", broken);
  FailFourTimes(kGamesTask, "last_steam_id", broken);
  const Ended fifth = Run({kGamesTask, "--retries", "0"});
  EXPECT_EQ(fifth.exit_code, 0) << fifth.out;
  EXPECT_NE(fifth.err, "");
  EXPECT_EQ(fifth.Result().Number("/source/items/rejected"), 1);
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(broken - 100));
  EXPECT_TRUE(redis_.Hash("last_steam_id:failures").empty());
  const auto letters = Topic(kDeadLetters);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].key, std::string(kGamesTopic) + "/" + minute_ + "/" + ToText(broken));
  EXPECT_NE(letters[0].headers.at("reason").find("500"), std::string::npos);
  EXPECT_NE(letters[0].value.find("An error occurred"), std::string::npos);
  auto expected =
      ExpectedGames(accounts_, kGamesTopic, minute_, kFirstGamesId, kFirstGamesId - broken + 100);
  for (const auto& id : ExpectedGames(accounts_, kGamesTopic, minute_, broken, 1)) {
    expected.erase(id);
  }
  EXPECT_EQ(EventIds(Topic(kGamesTopic)), expected);
}

TEST_F(BrokenIds, FiveRunsWithinAnHourPassNobody) {
  const std::uint64_t broken = PublicIds(accounts_, kFirstGamesId, 100)[3];
  FailId("GetRecentlyPlayedGames", broken);
  for (int run = 0; run < 7; ++run) EXPECT_EQ(Run({kGamesTask, "--retries", "0"}).exit_code, 75);
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(broken));
  EXPECT_TRUE(Topic(kDeadLetters).empty());
}

TEST_F(BrokenIds, ASuccessForgetsTheFailures) {
  const std::uint64_t broken = PublicIds(accounts_, kFirstGamesId, 100)[3];
  FailId("GetRecentlyPlayedGames", broken);
  FailFourTimes(kGamesTask, "last_steam_id", broken);
  standin_.ClearFaults();
  EXPECT_EQ(Run({kGamesTask}).exit_code, 0);
  EXPECT_TRUE(redis_.Hash("last_steam_id:failures").empty());
}

// The cursor stops at the first of two ids. The second gets no dead letter before the cursor can
// pass it.
TEST_F(BrokenIds, NoLetterBeyondWhatHoldsTheCursor) {
  const auto ids = PublicIds(accounts_, kFirstGamesId, 100);
  FailId("GetRecentlyPlayedGames", ids[3]);
  FailId("GetRecentlyPlayedGames", ids[9]);
  EXPECT_EQ(Run({kGamesTask, "--retries", "0"}).exit_code, 75);
  redis_.Command({"HSET", "last_steam_id:failures", ToText(ids[9]), "4/" + MinuteFromNow(-60)});
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(Run({kGamesTask, "--retries", "0"}).exit_code, 75);
    EXPECT_TRUE(Topic(kDeadLetters).empty());
  }
  redis_.Command({"HSET", "last_steam_id:failures", ToText(ids[3]), "4/" + MinuteFromNow(-60)});
  EXPECT_EQ(Run({kGamesTask, "--retries", "0"}).exit_code, 0);
  EXPECT_EQ(Topic(kDeadLetters).size(), 2u);
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(ids[3] - 100));
}

// If 95% of the calls fail, no number of runs makes the walk pass an id.
TEST_F(BrokenIds, ABadHourPassesNobody) {
  const auto ids = PublicIds(accounts_, kFirstGamesId, 100);
  for (std::size_t i = 1; i < ids.size(); ++i) {
    if (i % 20 != 0) FailId("GetRecentlyPlayedGames", ids[i]);
  }
  for (int run = 0; run < 7; ++run) {
    const Ended ended = Run({kGamesTask, "--retries", "0"});
    EXPECT_EQ(ended.exit_code, 75) << ended.out;
    EXPECT_TRUE(redis_.Hash("last_steam_id:failures").empty());
  }
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(ids[1]));
  EXPECT_TRUE(Topic(kDeadLetters).empty());
}

// A few calls cannot show that the API works, so the task makes additional ones.
TEST_F(BrokenIds, AmongTheLastIdsItIsPassedToo) {
  std::uint64_t broken = kLowestId;
  while (accounts_.AccountOf(broken) != standin::Account::kPublic) ++broken;
  FailId("GetRecentlyPlayedGames", broken);
  redis_.Set("last_steam_id", ToText(broken));
  FailFourTimes(kGamesTask, "last_steam_id", broken);
  EXPECT_EQ(Run({kGamesTask, "--retries", "0"}).exit_code, 0);
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(kLowestId - 1));
  EXPECT_EQ(Topic(kDeadLetters).size(), 1u);
}

TEST_F(BrokenIds, BatchIsSplitDownToTheBrokenId) {
  const std::uint64_t broken = kFirstPlayersId - 77;
  FailId("GetPlayerSummaries", broken);
  FailFourTimes(kPlayersTask, "last_user_id", broken);
  const Ended fifth = Run({kPlayersTask, "--retries", "0"});
  EXPECT_EQ(fifth.exit_code, 0) << fifth.out;
  EXPECT_EQ(redis_.Get("last_user_id"), ToText(broken - 100));
  EXPECT_EQ(fifth.Result().Number("/source/items/rejected"), 1);
  EXPECT_TRUE(redis_.Hash("last_user_id:failures").empty());
  auto expected = ExpectedPlayers(accounts_, kPlayersTopic, minute_, kFirstPlayersId, 177);
  const std::string lost = std::string(kPlayersTopic) + "/" + minute_ + "/" + ToText(broken);
  expected.erase(lost);
  EXPECT_EQ(EventIds(Topic(kPlayersTopic)), expected);
  const auto letters = Topic(kDeadLetters);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].key, lost);
}

TEST_F(BrokenIds, BatchOfTheOtherTaskIsSplitToo) {
  const std::uint64_t broken = kFirstGamesId - 42;
  FailId("GetPlayerSummaries", broken);
  FailFourTimes(kGamesTask, "last_steam_id", broken);
  const Ended fifth = Run({kGamesTask, "--retries", "0"});
  EXPECT_EQ(fifth.exit_code, 0) << fifth.out;
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(broken - 100));
  EXPECT_EQ(Topic(kDeadLetters).size(), 1u);
}

// If a call hangs, or its response is too large, because of one id, a run finds this id, and it is
// passed like any other.
class BrokenCalls : public BrokenIds, public ::testing::WithParamInterface<const char*> {
 protected:
  // Breaks every call of the method that requests the id.
  void Break(const char* method, std::uint64_t id) {
    Fault(std::string(R"({"match":{"method":")") + method + R"(","steamid":")" + ToText(id) +
          R"("},"kind":")" + GetParam() + R"(","times":-1})");
  }
  void ExpectFoundAndPassed(const char* task, const std::string& cursor, std::uint64_t broken) {
    const Ended first = Run({task, "--deadline", "15"});
    EXPECT_EQ(first.exit_code, 75) << first.out << first.err;
    EXPECT_EQ(redis_.Get(cursor), ToText(broken)) << "all ids before it are delivered";
    const auto failures = redis_.Hash(cursor + ":failures");
    ASSERT_EQ(failures.size(), 1u) << first.err;
    EXPECT_EQ(failures.begin()->first, ToText(broken));
    redis_.Command({"HSET", cursor + ":failures", ToText(broken), "4/" + MinuteFromNow(-60)});
    const Ended fifth = Run({task, "--deadline", "15"});
    EXPECT_EQ(fifth.exit_code, 0) << fifth.out << fifth.err;
    EXPECT_EQ(redis_.Get(cursor), ToText(broken - 100));
    ASSERT_EQ(Topic(kDeadLetters).size(), 1u);
    EXPECT_NE(Topic(kDeadLetters)[0].key.find(ToText(broken)), std::string::npos);
  }
};

TEST_P(BrokenCalls, AmongPlayers) {
  Break("GetPlayerSummaries", kFirstPlayersId - 41);
  ExpectFoundAndPassed(kPlayersTask, "last_user_id", kFirstPlayersId - 41);
}

TEST_P(BrokenCalls, AmongGames) {
  const std::uint64_t broken = PublicIds(accounts_, kFirstGamesId, 100)[3];
  Break("GetRecentlyPlayedGames", broken);
  ExpectFoundAndPassed(kGamesTask, "last_steam_id", broken);
}

TEST_P(BrokenCalls, BeforeGames) {
  Break("GetPlayerSummaries", kFirstGamesId - 41);
  ExpectFoundAndPassed(kGamesTask, "last_steam_id", kFirstGamesId - 41);
}

INSTANTIATE_TEST_SUITE_P(Kinds, BrokenCalls, ::testing::Values("silence", "gzip_bomb"),
                         [](const auto& one) { return std::string(one.param); });

TEST_F(BrokenIds, OutageIsNoBrokenId) {
  Fault(R"({"kind":"status","status":503,"times":-1})");
  for (int run = 0; run < 7; ++run) {
    EXPECT_EQ(Run({kGamesTask, "--retries", "0", "--count", "300"}).exit_code, 75);
    EXPECT_EQ(Run({kGamesTask, "--retries", "0", "--no-prefilter"}).exit_code, 75);
  }
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(kFirstGamesId));
  EXPECT_TRUE(redis_.Hash("last_steam_id:failures").empty());
  standin_.ClearFaults();
  const Ended run = Run({kGamesTask});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 0);
  EXPECT_EQ(EventIdsOnce(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, minute_, kFirstGamesId, 100));
}

TEST_F(BrokenIds, GameWithoutAnIdIsADeadLetter) {
  const std::uint64_t id = PublicIds(accounts_, kFirstGamesId, 100)[0];
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames","steamid":")" + ToText(id) +
        R"("},"kind":"status","status":200,"body":"{\"response\":{\"total_count\":2,\"games\":)"
        R"([{\"name\":\"?\"},{\"appid\":570}]}}"})");
  const Ended run = Run({kGamesTask});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 1);
  const auto letters = Topic(kDeadLetters);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].value, R"({"name":"?"})");
  EXPECT_EQ(EventIds(Topic(kGamesTopic))
                .count(std::string(kGamesTopic) + "/" + minute_ + "/" + ToText(id) + "/570"),
            1u);
}

}  // namespace
}  // namespace steamflow::test
