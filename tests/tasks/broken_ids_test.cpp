// An id whose call fails again and again cannot stop the walk, and an outage is not taken for one.

#include "task_test.h"

namespace steamflow::test {
namespace {

class BrokenIds : public TaskTest {
 protected:
  void FailId(const char* method, std::uint64_t id) {
    Fault(std::string(R"({"match":{"method":")") + method + R"(","steamid":")" + ToText(id) +
          R"("},"kind":"status","status":500,"times":-1})");
  }
};

TEST_F(BrokenIds, IdIsDeadLetteredInTheFifthRunAndPassed) {
  const std::uint64_t broken = PublicIds(accounts_, kFirstGamesId, 100)[3];
  FailId("GetRecentlyPlayedGames", broken);
  for (int run = 1; run <= 4; ++run) {
    const Ended ended = Run({kGamesTask, "--retries", "0"});
    EXPECT_EQ(ended.exit_code, 75) << ended.out;
    EXPECT_EQ(redis_.Get("last_steam_id"), ToText(broken));
    EXPECT_EQ(redis_.Hash("last_steam_id:failures"),
              (std::map<std::string, std::string>{{ToText(broken), std::to_string(run)}}));
  }
  const Ended fifth = Run({kGamesTask, "--retries", "0"});
  EXPECT_EQ(fifth.exit_code, 0) << fifth.out;
  EXPECT_NE(fifth.err, "");
  EXPECT_EQ(fifth.Result().Number("/source/items/rejected"), 1);
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(broken - 100));
  EXPECT_TRUE(redis_.Hash("last_steam_id:failures").empty());
  const auto letters = Topic(kDeadLetters);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].key, std::string(kGamesTopic) + "/" + kMinute + "/" + ToText(broken));
  EXPECT_NE(letters[0].headers.at("reason").find("500"), std::string::npos);
  EXPECT_NE(letters[0].value.find("An error occurred"), std::string::npos);
  auto expected =
      ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, kFirstGamesId - broken + 100);
  for (const auto& id : ExpectedGames(accounts_, kGamesTopic, kMinute, broken, 1)) {
    expected.erase(id);
  }
  EXPECT_EQ(EventIds(Topic(kGamesTopic)), expected);
}

TEST_F(BrokenIds, BatchIsSplitDownToTheBrokenId) {
  const std::uint64_t broken = kFirstPlayersId - 77;
  FailId("GetPlayerSummaries", broken);
  for (int run = 1; run <= 4; ++run) {
    const Ended ended = Run({kPlayersTask, "--retries", "0"});
    EXPECT_EQ(ended.exit_code, 75) << ended.out;
    EXPECT_EQ(redis_.Get("last_user_id"), std::nullopt);
  }
  const Ended fifth = Run({kPlayersTask, "--retries", "0"});
  EXPECT_EQ(fifth.exit_code, 0) << fifth.out;
  EXPECT_EQ(redis_.Get("last_user_id"), ToText(kFirstPlayersId - 100));
  EXPECT_EQ(fifth.Result().Number("/source/items/rejected"), 1);
  EXPECT_TRUE(redis_.Hash("last_user_id:failures").empty());
  auto expected = ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, 100);
  const std::string lost = std::string(kPlayersTopic) + "/" + kMinute + "/" + ToText(broken);
  expected.erase(lost);
  EXPECT_EQ(EventIdsOnce(Topic(kPlayersTopic)), expected);
  const auto letters = Topic(kDeadLetters);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].key, lost);
}

TEST_F(BrokenIds, BatchOfTheOtherTaskIsSplitToo) {
  const std::uint64_t broken = kFirstGamesId - 42;
  FailId("GetPlayerSummaries", broken);
  for (int run = 1; run <= 4; ++run) EXPECT_EQ(Run({kGamesTask, "--retries", "0"}).exit_code, 75);
  const Ended fifth = Run({kGamesTask, "--retries", "0"});
  EXPECT_EQ(fifth.exit_code, 0) << fifth.out;
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(kFirstGamesId - 100));
  EXPECT_EQ(Topic(kDeadLetters).size(), 1u);
}

TEST_F(BrokenIds, OutageIsNoBrokenId) {
  Fault(R"({"kind":"status","status":503,"times":-1})");
  for (int run = 0; run < 7; ++run) {
    EXPECT_EQ(Run({kGamesTask, "--retries", "0", "--count", "300"}).exit_code, 75);
    EXPECT_EQ(Run({kGamesTask, "--retries", "0", "--no-prefilter"}).exit_code, 75);
  }
  EXPECT_EQ(redis_.Get("last_steam_id"), std::nullopt);
  standin_.ClearFaults();
  const Ended run = Run({kGamesTask});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 0);
  EXPECT_EQ(EventIdsOnce(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, 100));
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
                .count(std::string(kGamesTopic) + "/" + kMinute + "/" + ToText(id) + "/570"),
            1u);
}

}  // namespace
}  // namespace steamflow::test
