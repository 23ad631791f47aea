// The bodies of the API in golden/, each with the outcome of parsing it. A file
// `<endpoint>-refused_<case>.json` contains a body that must be rejected.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "file_io.h"
#include "news_parser.h"
#include "steam_api.h"

namespace steamflow::steam_api {
namespace {

const std::vector<Field> kAdded = {{"timestamp", R"("T")"}};
const std::vector<Field> kAddedToGame = {{"steam_id", R"("7")"}, {"timestamp", R"("T")"}};

std::string Record(std::string_view json, bool has_clash, const std::vector<Field>& added) {
  std::string record;
  AppendWithFields(record, json, has_clash, added);
  return record;
}

// Returns the outcome of parsing a body as text, one line for each object, or nullopt if it is
// refused.
std::optional<std::string> PlayersOf(Parser& parser, std::string body) {
  const auto players = parser.ParsePlayers(body);
  if (!players) return std::nullopt;
  std::string text = fmt::format("deleted {}\n", players->deleted);
  for (const Player& player : players->players) {
    text += fmt::format("{} {} {}\n", player.steamid, player.is_public ? "public" : "private",
                        Record(player.json, player.has_clash, kAdded));
  }
  return text;
}

std::optional<std::string> GamesOf(Parser& parser, std::string body) {
  const auto games = parser.ParseRecentGames(body);
  if (!games) return std::nullopt;
  std::string text = games->withheld ? "withheld\n" : "";
  for (const Game& game : games->games) {
    text += fmt::format("{} {}\n", game.appid, Record(game.json, game.has_clash, kAddedToGame));
  }
  return text;
}

std::optional<std::string> NewsOf(NewsParser& parser, std::string body) {
  auto news = parser.Parse(body);
  if (!news) news = parser.Salvage(body);  // as the task does after the retries
  if (!news) return std::nullopt;
  std::string text = news->is_known ? "" : "unknown\n";
  for (const NewsItem& item : news->items) {
    text += fmt::format("'{}' {} ", item.gid, item.date.value_or(-1));
    text += item.is_broken()
                ? fmt::format("broken, {}: {}\n", item.fault, item.json)
                : fmt::format("{} {}\n", item.edition, Record(item.record, false, kAdded));
  }
  return text;
}

std::optional<std::string> CountOf(Parser& parser, std::string body) {
  const auto count = parser.ParsePlayerCount(body);
  if (!count) return std::nullopt;
  return count->has_count ? fmt::format("{}\n", count->count) : "absent\n";
}

std::optional<std::string> OutcomeOf(const std::string& endpoint, Parser& parser,
                                     NewsParser& news_parser, const std::string& body) {
  if (endpoint == "player_summaries") return PlayersOf(parser, body);
  if (endpoint == "recently_played") return GamesOf(parser, body);
  if (endpoint == "news") return NewsOf(news_parser, body);
  if (endpoint == "player_count") return CountOf(parser, body);
  throw std::invalid_argument("no endpoint " + endpoint);
}

std::vector<std::string> GoldenNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(GOLDEN_FOLDER)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem());
  }
  return names;
}

class SteamGoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(SteamGoldenTest, BodyYieldsItsOutcome) {
  const std::string path = std::string(GOLDEN_FOLDER) + "/" + GetParam();
  const std::string body = ReadFile(path + ".json").value();
  const std::string endpoint = GetParam().substr(0, GetParam().find('-'));
  Parser parser;
  NewsParser news_parser;
  // A body must be parsed the same, whatever an earlier body has left in the parser's buffers.
  for (int round = 0; round < 2; ++round) {
    const auto outcome = OutcomeOf(endpoint, parser, news_parser, body);
    if (GetParam().find("-refused_") != std::string::npos) {
      EXPECT_FALSE(outcome) << *outcome;
    } else {
      ASSERT_TRUE(outcome);
      EXPECT_EQ(*outcome, ReadFile(path + ".txt"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, SteamGoldenTest, testing::ValuesIn(GoldenNames()), [](const auto& test) {
  std::string name = test.param;
  name[name.find('-')] = '_';
  return name;
});

}  // namespace
}  // namespace steamflow::steam_api
