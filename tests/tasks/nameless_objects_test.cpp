// Objects of the API without a usable id: none is dropped silently, and none makes a run pass over
// an account.

#include "task_fixture.h"

namespace steamflow::test {
namespace {

using NamelessObjects = TaskTest;

constexpr char kNameless[] = R"({\"personaname\":\"nobody\"})";

std::string Player(std::uint64_t id) {
  return R"({\"steamid\":\")" + ToText(id) + R"(\",\"communityvisibilitystate\":3})";
}

// Returns a fault that responds to the first call of GetPlayerSummaries with these players.
std::string PlayersResponse(const std::string& players) {
  return R"({"match":{"method":"GetPlayerSummaries"},"kind":"status","status":200,)"
         R"("body":"{\"response\":{\"players\":[)" +
         players + R"(]}}"})";
}

TEST_F(NamelessObjects, AreAllDeadLettersWhereEveryIdAskedForIsThere) {
  Fault(PlayersResponse(Player(kFirstPlayersId) + "," + kNameless + "," + kNameless));
  const Ended run = Run({kPlayersTask, "--count", "1"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Number("/kafka/records"), 1);
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 2);
  EXPECT_EQ(run.Result().Number("/source/items/ok"), 1);
  EXPECT_EQ(Topic(kDeadLetters).size(), 2U);
}

TEST_F(NamelessObjects, StandForTheIdsThatAreMissing) {
  Fault(PlayersResponse(std::string(kNameless) + "," + Player(kFirstPlayersId - 2)));
  const Ended run = Run({kPlayersTask, "--count", "4"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Raw("/source/items"),
            R"({"ok":1,"empty":0,"withheld":0,"absent":2,"rejected":1})");
  EXPECT_EQ(redis_.Get("last_user_id"), ToText(kFirstPlayersId - 4));
}

TEST_F(NamelessObjects, MayBeAnyOfTheMissingAccountsWhoseGamesAreThenAskedFor) {
  Fault(PlayersResponse(kNameless));
  const Ended run = Run({kGamesTask, "--count", "100"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(Requests("GetRecentlyPlayedGames"), 100U);
  EXPECT_EQ(EventIdsOnce(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, 100));
}

// The next run meets again everything that the cursor has not passed. So a dead letter is written
// only by the run whose cursor passes it.
class HeldLetters : public TaskTest {
 protected:
  void FailId(const char* method, std::uint64_t id) {
    Fault(R"({"match":{"method":")" + std::string(method) + R"(","steamid":")" + ToText(id) +
          R"("},"kind":"status","status":500,"times":-1})");
  }
  void AnswerId(const char* method, std::uint64_t id, const std::string& body) {
    Fault(R"({"match":{"method":")" + std::string(method) + R"(","steamid":")" + ToText(id) +
          R"("},"kind":"status","status":200,"body":")" + body + R"(","times":-1})");
  }
  // Runs the command several times and expects that the cursor stays at `held` and no dead letter
  // is written.
  void RunHeld(const std::vector<std::string>& command, const std::string& cursor,
               std::uint64_t held) {
    for (int run = 0; run < 3; ++run) {
      const Ended ended = Run(command);
      EXPECT_EQ(ended.exit_code, 75) << ended.out;
      EXPECT_EQ(ended.Result().Number("/kafka/dead_letters"), 0);
      EXPECT_EQ(redis_.Get(cursor), ToText(held));
      ASSERT_TRUE(Topic(kDeadLetters).empty()) << "run " << run;
    }
  }
};

TEST_F(HeldLetters, OfAGameWithoutANumberIsWrittenWhenTheCursorPassesIt) {
  const auto ids = PublicIds(accounts_, kFirstGamesId, 100);
  constexpr char kMethod[] = "GetRecentlyPlayedGames";
  FailId(kMethod, ids[2]);
  AnswerId(kMethod, ids[5],
           R"({\"response\":{\"total_count\":2,\"games\":[{\"name\":\"x\"},{\"appid\":7}]}})");
  const std::vector<std::string> command{kGamesTask, "--retries", "0"};
  ASSERT_NO_FATAL_FAILURE(RunHeld(command, "last_steam_id", ids[2]));
  const auto passes = [&] {
    standin_.ClearFaults();
    AnswerId(kMethod, ids[5], R"({\"response\":{\"total_count\":1,\"games\":[{\"name\":\"x\"}]}})");
    return Run(command);
  };
  const Ended run = passes();
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 1);
  EXPECT_EQ(run.Result().Number("/source/items/rejected"), 1);
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(ids[2] - 100));
  const auto letters = Topic(kDeadLetters);
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].key, std::string(kGamesTopic) + "/" + kMinute + "/" + ToText(ids[5]));
  EXPECT_EQ(letters[0].headers.at("source_topic"), kGamesTopic);
  EXPECT_EQ(letters[0].value, R"({"name":"x"})");
}

TEST_F(HeldLetters, OfAProfileWithoutAnIdIsWrittenWhenTheCursorPassesIt) {
  constexpr char kMethod[] = "GetPlayerSummaries";
  FailId(kMethod, kFirstPlayersId - 3);
  AnswerId(kMethod, kFirstPlayersId - 150,
           R"({\"response\":{\"players\":[)" + std::string(kNameless) + "]}}");
  const std::vector<std::string> command{kPlayersTask, "--retries", "0", "--count", "200"};
  ASSERT_NO_FATAL_FAILURE(RunHeld(command, "last_user_id", kFirstPlayersId - 3));
  standin_.ClearFaults();
  AnswerId(kMethod, kFirstPlayersId - 150,
           R"({\"response\":{\"players\":[)" + std::string(kNameless) + "]}}");
  const Ended run = Run(command);
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 1);
  EXPECT_EQ(Topic(kDeadLetters).size(), 1U);
  EXPECT_EQ(redis_.Get("last_user_id"), ToText(kFirstPlayersId - 203));
}

// Without a cursor, dead letters are not held back, because no later run would write them.
TEST_F(HeldLetters, WithoutACursorAreWrittenBesideWhatFails) {
  constexpr char kMethod[] = "GetPlayerSummaries";
  FailId(kMethod, kFirstPlayersId - 3);
  AnswerId(kMethod, kFirstPlayersId - 150,
           R"({\"response\":{\"players\":[)" + std::string(kNameless) + "]}}");
  const Ended run = Run({kPlayersTask, "--retries", "0", "--count", "200", "--no-cursor"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 1);
  EXPECT_EQ(Topic(kDeadLetters).size(), 1U);
}

}  // namespace
}  // namespace steamflow::test
