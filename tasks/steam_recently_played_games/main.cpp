// Walks Steam ids downward, and produces one record for each game that an account played in the
// last two weeks.

#include <fmt/format.h>

#include <memory>

#include "command.h"
#include "game_calls.h"
#include "malloc_tuning.h"
#include "player_batches.h"
#include "source.h"
#include "steam_api.h"
#include "topics.h"
#include "walk.h"
#include "walk_end.h"

int main(int argc, char** argv) {
  using namespace steamflow;
  Command command("steam-recently-played-games",
                  "Walks Steam ids downward and puts the games that each account played in the "
                  "last two weeks into Kafka.",
                  "steam-recently-played-games --brokers localhost:9092 --redis-url "
                  "redis://localhost:6379/0 --count 500",
                  SourceParts);
  SourceOptions options{.topic = kRecentGameTopic};
  options.AddTo(command.flags());
  options.redis.AddTo(command.flags());
  options.steam.AddBudgetTo(command.flags());
  WalkOptions walk_options{
      .cursor_key = "last_steam_id", .topic = kRecentGameTopic, .start_id = 76561197960499900};
  walk_options.AddTo(command.flags());
  bool no_prefilter = false;
  command.flags().Add("--no-prefilter", no_prefilter,
                      "Ask for the games of every id, not only of those whose profile is public");

  return command.Main(argc, argv, [&](Run& run) {
    ShareFreedMemory();
    const SourceConfig config =
        ReadSourceConfig(options, {.key = true, .cursor = walk_options.HasCursor()}, run);
    const auto listed = walk_options.ReadIds(run.stop);
    Source source(run, config);
    const auto store = source.redis() ? std::make_unique<RedisKeyStore>(*source.redis()) : nullptr;
    Walk walk(walk_options, listed, config.topic, run, store.get(), !config.moves_cursor(), Now());
    steam_api::Parser parser;

    // A record is the game as the API sent it, with the account's id and a timestamp added.
    std::string value;
    GameCalls games(
        walk, config.api_url, parser,
        [&](const steam_api::RecentGames& response, std::uint64_t item) {
          const std::string id = walk.EventId(item);
          const std::string quoted = fmt::format("\"{}\"", walk.ids().Id(item));
          const std::string timestamp = config.Timestamp();
          for (const steam_api::Game& game : response.games) {
            value.clear();
            steam_api::AppendWithFields(value, game.json, game.has_clash,
                                        {{"steam_id", quoted}, {"timestamp", timestamp}});
            const std::string key = fmt::to_string(game.appid);
            if (game.appid != 0) {
              source.Send(Record{key, fmt::format("{}/{}", id, key), value}, item);
            } else {
              source.Send(DeadLetter{id, id, game.json, "a game without an appid"}, item);
            }
          }
          const Outcome nothing = response.withheld ? Outcome::kWithheld : Outcome::kEmpty;
          source.items().Answered(item, response.games.empty() ? nothing : Outcome::kOk);
        });

    // One call for 100 ids shows which of them exist and are public, which saves a call for each of
    // the others.
    PlayerBatches batches(
        walk, config.api_url, parser, [&](const PlayerBatches::Response& response) {
          for (std::size_t i = 0; i < response.players.size(); ++i) {
            const std::uint64_t item = response.item + i;
            const steam_api::Player* player = response.players[i];
            // A response with an object without an id: any of the missing ids may be that account.
            if (player ? player->is_public : !response.without_id.empty()) {
              games.Add(item);
            } else {
              source.items().Answered(item, player ? Outcome::kWithheld : Outcome::kAbsent);
            }
          }
        });

    std::uint64_t next_item = 0;
    const auto next_game = [&]() -> std::optional<Fetch> {
      if (no_prefilter && next_item < walk.ids().size()) games.Add(next_item++);
      return games.Next(no_prefilter ? walk.ids().size() - next_item : 0);
    };
    const auto next = [&]() -> std::optional<Fetch> {
      if (auto fetch = next_game()) return fetch;
      if (no_prefilter) return games.NextWitness();
      if (auto fetch = batches.Next()) return fetch;
      return batches.is_idle() ? games.NextWitness() : std::nullopt;
    };
    const FetchEnd end = source.FetchAll(next, walk.ids().size());

    const auto failed = EndWalk(walk, {batches.TakeCalls(), games.calls()}, source);
    source.WarnOfRepairs(parser.repaired());
    source.ThrowUnlessComplete(end, failed);
  });
}
