// Objects of the API without a usable id: none is dropped silently, and no account is passed over
// because of one.

#include "task_fixture.h"

namespace steamflow::test {
namespace {

using NamelessObjects = TaskTest;

constexpr char kNameless[] = R"({\"personaname\":\"nobody\"})";

std::string Player(std::uint64_t id) {
  return R"({\"steamid\":\")" + ToText(id) + R"(\",\"communityvisibilitystate\":3})";
}

// A fault that answers the first call of GetPlayerSummaries with these players.
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

}  // namespace
}  // namespace steamflow::test
