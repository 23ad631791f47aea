#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "steam_standin/accounts.h"
#include "steam_standin/apps.h"
#include "steam_standin/news.h"

namespace steamflow::standin {
namespace {

namespace dom = simdjson::dom;

constexpr std::uint64_t kGamesStart = 76561197960499900u;
constexpr std::uint64_t kPlayersStart = 76561197960434622u;

std::vector<std::uint64_t> IdsDownFrom(std::uint64_t start, std::size_t count) {
  std::vector<std::uint64_t> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(start - i);
  return ids;
}

class Json {
 public:
  explicit Json(const std::string& text) : root_(parser_.parse(text)) {}
  dom::element at(std::string_view pointer) const { return root_.at_pointer(pointer); }
  bool has(std::string_view pointer) const {
    return root_.at_pointer(pointer).error() == simdjson::SUCCESS;
  }

 private:
  dom::parser parser_;
  dom::element root_;
};

std::string Text(dom::element object, std::string_view field) {
  return std::string(std::string_view(object[field]));
}

TEST(Accounts, AreMixedAsStated) {
  const Accounts accounts;
  std::map<Account, int> kinds;
  std::map<GamesShown, int> games;
  constexpr int kIds = 100'000;
  for (const auto id : IdsDownFrom(kSteamIdBase + 2'000'000, kIds)) {
    ++kinds[accounts.AccountOf(id)];
    if (accounts.AccountOf(id) == Account::kPublic) ++games[accounts.GamesShownOf(id)];
  }
  EXPECT_NEAR(kinds[Account::kAbsent], 0.40 * kIds, 0.01 * kIds);
  EXPECT_NEAR(kinds[Account::kDeleted], 0.02 * kIds, 0.005 * kIds);
  EXPECT_NEAR(kinds[Account::kPrivate], 0.35 * kIds, 0.01 * kIds);
  EXPECT_NEAR(kinds[Account::kPublic], 0.23 * kIds, 0.01 * kIds);
  const double all = kinds[Account::kPublic];
  EXPECT_NEAR(games[GamesShown::kNone] / all, 10.0 / 30, 0.02);
  EXPECT_NEAR(games[GamesShown::kWithheld] / all, 2.0 / 30, 0.02);
}

TEST(Accounts, OfTheFirstRunsAreOfEveryKind) {
  const Accounts accounts;
  for (const auto start : {kGamesStart, kPlayersStart}) {
    std::set<Account> kinds;
    std::set<GamesShown> games;
    for (const auto id : IdsDownFrom(start, 100)) {
      kinds.insert(accounts.AccountOf(id));
      if (accounts.AccountOf(id) == Account::kPublic) games.insert(accounts.GamesShownOf(id));
    }
    EXPECT_EQ(kinds.size(), 4u) << start;
    EXPECT_EQ(games.size(), 3u) << start;
  }
}

TEST(Accounts, IdsOutsideOfTheRangeOfPeopleAreAbsent) {
  const Accounts accounts(Population::kEveryPlayer);
  for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{1}, kSteamIdBase,
                                 std::uint64_t{103582791429521408u}, ~std::uint64_t{0}}) {
    EXPECT_EQ(accounts.AccountOf(id), Account::kAbsent) << id;
  }
  EXPECT_EQ(accounts.AccountOf(kSteamIdBase + 1), Account::kPublic);
}

TEST(Accounts, InstanceBitsDoNotCount) {
  constexpr std::uint64_t kOtherInstance = std::uint64_t{5} << 32;
  EXPECT_EQ(CanonicalSteamId(kGamesStart + kOtherInstance), kGamesStart);
}

TEST(PlayerSummaries, ShowExactlyWhoExists) {
  const Accounts accounts;
  const auto ids = IdsDownFrom(kPlayersStart, 100);
  auto twice = ids;
  twice.insert(twice.end(), ids.begin(), ids.end());
  const Json json(accounts.PlayerSummaries(twice));

  std::multiset<std::uint64_t> shown;
  std::vector<std::uint64_t> order;
  std::size_t deleted = 0;
  for (dom::element player : dom::array(json.at("/response/players"))) {
    if (dom::object(player).size() == 0) {
      ++deleted;
      continue;
    }
    const auto id = std::stoull(Text(player, "steamid"));
    order.push_back(id);
    shown.insert(id);
    const bool is_public = accounts.AccountOf(id) == Account::kPublic;
    EXPECT_EQ(std::int64_t(player["communityvisibilitystate"]), is_public ? 3 : 1);
    EXPECT_EQ(player["timecreated"].error() == simdjson::SUCCESS, is_public);
    if (!is_public) {
      EXPECT_NE(player["realname"].error(), simdjson::SUCCESS);
    }
  }
  std::multiset<std::uint64_t> expected;
  std::size_t expected_deleted = 0;
  for (const auto id : ids) {
    const auto account = accounts.AccountOf(id);
    if (account == Account::kPrivate || account == Account::kPublic) expected.insert(id);
    if (account == Account::kDeleted) ++expected_deleted;
  }
  EXPECT_EQ(shown, expected);
  EXPECT_EQ(deleted, expected_deleted);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  EXPECT_FALSE(std::is_sorted(order.rbegin(), order.rend()));
}

TEST(PlayerSummaries, OptionalFieldsComeAndGo) {
  const Accounts accounts;
  const Json json(accounts.PlayerSummaries(IdsDownFrom(kPlayersStart, 1000)));
  std::map<std::string, int> seen;
  int publics = 0;
  for (dom::element player : dom::array(json.at("/response/players"))) {
    for (const auto& [field, value] : dom::object(player)) ++seen[std::string(field)];
    publics += player["timecreated"].error() == simdjson::SUCCESS ? 1 : 0;
  }
  for (const auto* field : {"lastlogoff", "realname", "loccountrycode", "gameid", "gameextrainfo",
                            "commentpermission", "locstatecode", "loccityid"}) {
    EXPECT_GT(seen[field], 0) << field;
    EXPECT_LT(seen[field], publics) << field;
  }
}

TEST(PlayerSummaries, OfEveryPlayerHaveTheSizeOfTheRealOnes) {
  const Accounts accounts(Population::kEveryPlayer);
  const auto ids = IdsDownFrom(kPlayersStart, 100);
  const auto text = accounts.PlayerSummaries(ids);
  EXPECT_EQ(dom::array(Json(text).at("/response/players")).size(), ids.size());
  EXPECT_NEAR(static_cast<double>(text.size()) / 100, 700, 50);
}

TEST(RecentlyPlayedGames, AgreeWithTheLibrary) {
  const Accounts accounts;
  std::set<std::size_t> counts;
  bool nameless = false;
  for (const auto id : IdsDownFrom(kGamesStart, 500)) {
    const Json json(accounts.RecentlyPlayedGames(id));
    const auto games = accounts.RecentGames(id);
    if (accounts.GamesShownOf(id) == GamesShown::kWithheld) {
      EXPECT_EQ(dom::object(json.at("/response")).size(), 0u);
      EXPECT_TRUE(games.empty());
      continue;
    }
    EXPECT_EQ(std::uint64_t(json.at("/response/total_count")), games.size());
    EXPECT_EQ(json.has("/response/games"), !games.empty());
    if (games.empty()) continue;
    counts.insert(games.size());
    std::vector<std::uint64_t> shown;
    for (dom::element game : dom::array(json.at("/response/games"))) {
      shown.push_back(std::uint64_t(game["appid"]));
      nameless |= game["name"].error() != simdjson::SUCCESS;
      EXPECT_LE(std::uint64_t(game["playtime_2weeks"]), std::uint64_t(game["playtime_forever"]));
    }
    std::vector<std::uint64_t> expected;
    for (const auto& game : games) expected.push_back(game.appid);
    EXPECT_EQ(shown, expected);
    EXPECT_EQ(std::set<std::uint64_t>(shown.begin(), shown.end()).size(), shown.size());
  }
  EXPECT_EQ(counts, (std::set<std::size_t>{1, 2, 3, 4, 5}));
  EXPECT_TRUE(nameless);
}

TEST(RecentlyPlayedGames, CountLimitsTheGamesButNotTheTotal) {
  const Accounts accounts(Population::kEveryPlayer);
  std::uint64_t id = kGamesStart;
  while (accounts.RecentGames(id).size() < 3) --id;
  const Json json(accounts.RecentlyPlayedGames(id, 2));
  EXPECT_EQ(dom::array(json.at("/response/games")).size(), 2u);
  EXPECT_GE(std::uint64_t(json.at("/response/total_count")), 3u);
}

TEST(Apps, HaveCountsUnlessUnknown) {
  for (const std::uint32_t appid : {582010u, 1245620u, 1623730u}) {
    EXPECT_GT(PlayerCount(appid).value_or(0), 0u) << appid;
    EXPECT_EQ(NewsOf(appid).size(), 30u) << appid;
  }
  EXPECT_EQ(PlayerCount(0), std::nullopt);
  EXPECT_EQ(PlayerCount(1404), std::nullopt);
  EXPECT_EQ(PlayerCount(1300), 0u);
  EXPECT_EQ(NumberOfCurrentPlayers(1300), R"({"response":{"player_count":0,"result":1}})");
  EXPECT_EQ(NumberOfCurrentPlayers(0), R"({"response":{"result":42}})");
}

TEST(News, RunFromTheNewestAndShareDatesAtPageEdges) {
  for (const std::uint32_t appid : {1623730u, 1777u}) {
    const auto items = NewsOf(appid);
    std::set<std::uint64_t> gids;
    std::vector<std::uint64_t> order;
    for (const auto& item : items) {
      gids.insert(item.gid);
      order.push_back(item.gid);
    }
    EXPECT_EQ(gids.size(), items.size());
    EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
    for (std::size_t i = 1; i < items.size(); ++i) {
      EXPECT_LE(items[i].date, items[i - 1].date);
      if (i % 5 == 0) {
        EXPECT_EQ(items[i].date, items[i - 1].date) << i;
      }
    }
  }
  EXPECT_EQ(NewsOf(1777).size(), 2500u);
  EXPECT_TRUE(NewsOf(1999).empty());
  EXPECT_TRUE(NewsOf(1404).empty());
}

TEST(News, PagesBeginWithTheSecondAskedFor) {
  const std::uint32_t appid = 1623730;
  const auto items = NewsOf(appid);
  const Json json(NewsForApp(appid, 10, items[9].date));
  std::vector<std::uint64_t> shown;
  for (dom::element item : dom::array(json.at("/appnews/newsitems"))) {
    shown.push_back(std::stoull(Text(item, "gid")));
  }
  ASSERT_LT(items[9].date, items[8].date);
  ASSERT_EQ(items[9].date, items[11].date);
  std::vector<std::uint64_t> expected;
  for (std::size_t i = 9; i < 19; ++i) expected.push_back(items[i].gid);
  EXPECT_EQ(shown, expected);
  EXPECT_EQ(std::uint64_t(json.at("/appnews/count")), items.size());
}

TEST(News, ADlcShowsThoseOfItsApp) {
  const auto gids = [](std::uint32_t appid) {
    std::vector<std::uint64_t> all;
    for (const auto& item : NewsOf(appid)) all.push_back(item.gid);
    return all;
  };
  EXPECT_EQ(gids(441), gids(440));
  const Json json(NewsForApp(441, 1));
  EXPECT_EQ(std::uint64_t(json.at("/appnews/appid")), 441u);
  EXPECT_EQ(std::uint64_t(json.at("/appnews/newsitems/0/appid")), 440u);
}

TEST(News, ItemsDifferInWhatTheyHave) {
  const Json json(NewsForApp(582888, 100));
  std::set<std::string> labels;
  std::vector<std::size_t> lengths;
  int tagged = 0;
  for (dom::element item : dom::array(json.at("/appnews/newsitems"))) {
    labels.insert(Text(item, "feedlabel"));
    lengths.push_back(Text(item, "contents").size());
    tagged += item["tags"].error() == simdjson::SUCCESS ? 1 : 0;
  }
  EXPECT_EQ(lengths.size(), 30u);
  EXPECT_EQ(labels.size(), 2u);
  EXPECT_EQ(tagged, 10);
  EXPECT_GT(lengths[3], 1'900'000u);
  EXPECT_GT(lengths[7], 60'000u);
  EXPECT_LT(lengths[0], 4'000u);
}

}  // namespace
}  // namespace steamflow::standin
