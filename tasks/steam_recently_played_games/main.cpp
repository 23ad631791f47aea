// Walks Steam ids downward; each game that an account played in the last two weeks is one record.

#include <fmt/format.h>

#include <queue>

#include "command.h"
#include "malloc_tuning.h"
#include "player_batches.h"
#include "source.h"
#include "steam_api.h"
#include "steam_urls.h"
#include "topics.h"
#include "walk.h"
#include "walk_failures.h"

int main(int argc, char** argv) {
  using namespace steamflow;
  Command command("steam-recently-played-games",
                  "Walks Steam ids downward and puts the games that each account played in the "
                  "last two weeks into Kafka.",
                  "steam-recently-played-games --brokers localhost:9092 --redis-url "
                  "redis://localhost:6379/0 --count 500");
  SourceOptions options{.topic = kRecentGameTopic};
  options.AddTo(command.flags());
  options.redis.AddTo(command.flags());
  options.steam.AddKeyTo(command.flags());
  WalkOptions walk_options{.cursor_key = "last_steam_id", .start_id = 76561197960499900};
  walk_options.AddTo(command.flags());
  bool no_prefilter = false;
  command.flags().Add("--no-prefilter", no_prefilter,
                      "Ask for the games of every id, not only of those whose profile is public");

  return command.Main(argc, argv, [&](Run& run) {
    ShareFreedMemory();
    const SourceConfig config =
        ReadSourceConfig(options, {.key = true, .cursor = !walk_options.no_cursor}, run);
    Source source(run, config);
    Walk walk(walk_options, run, source.redis(), !config.moves_cursor());
    const std::string event_prefix = fmt::format("{}/{}/", config.topic, walk.pass());
    steam_api::Parser parser;

    // Which ids exist and are public: one call tells for a hundred.
    std::queue<std::uint64_t> visible;  // items
    PlayerBatches batches(
        walk, config.api_url, parser, [&](const PlayerBatches::Response& response) {
          for (std::size_t i = 0; i < response.players.size(); ++i) {
            const std::uint64_t item = response.item + i;
            const steam_api::Player* player = response.players[i];
            // An object without an id may be any of the accounts that are missing.
            if (player ? player->is_public : !response.without_id.empty()) {
              visible.push(item);
            } else {
              source.items().Answered(item, player ? Outcome::kWithheld : Outcome::kAbsent);
            }
          }
        });

    // A game becomes a record as it was delivered, plus whose it is and when it came.
    std::string value;
    const auto send_games = [&](const steam_api::RecentGames& response, std::uint64_t item) {
      const std::string steamid = fmt::to_string(walk.Id(item));
      const std::string quoted = "\"" + steamid + "\"";
      const std::string timestamp = config.Timestamp();
      for (const steam_api::Game& game : response.games) {
        value.clear();
        steam_api::AppendWithFields(value, game.json, game.has_clash,
                                    {{"steam_id", quoted}, {"timestamp", timestamp}});
        const std::string key = fmt::to_string(game.appid);
        const std::string event_id = fmt::format("{}{}/{}", event_prefix, steamid, key);
        if (game.appid != 0) {
          source.Send(Record{key, event_id, value}, item);
        } else {
          const std::string id = event_prefix + steamid;
          source.Send(DeadLetter{id, id, game.json, "a game without an appid"}, item);
        }
      }
      const Outcome nothing = response.withheld ? Outcome::kWithheld : Outcome::kEmpty;
      source.items().Answered(item, response.games.empty() ? nothing : Outcome::kOk);
    };
    std::vector<FailedItems> failures;
    MethodCalls calls;
    const auto games_of = [&](std::uint64_t item, std::size_t calls_ahead) {
      ++calls.made;
      Fetch fetch;
      fetch.url = steam_api::RecentlyPlayedUrl(config.api_url, walk.Id(item));
      fetch.keyed_calls = calls_ahead;
      fetch.accept = [&, item](HttpResponse& response) -> tl::expected<void, std::string> {
        const auto games = parser.ParseRecentGames(response.body);
        if (!games) return tl::unexpected(games.error());
        ++calls.succeeded;
        send_games(*games, item);
        return {};
      };
      fetch.fail = [&, item](const FetchFailure& failure) {
        failures.push_back({item, 1, failure, false});
      };
      return fetch;
    };

    std::uint64_t next_item = 0;
    const auto next = [&]() -> std::optional<Fetch> {
      if (no_prefilter) {
        const std::uint64_t left = walk.block().size - next_item;
        if (left == 0) return std::nullopt;
        return games_of(next_item++, left);
      }
      if (visible.empty()) return batches.Next();
      const std::size_t calls_ahead = visible.size();
      const std::uint64_t item = visible.front();
      visible.pop();
      return games_of(item, calls_ahead);
    };
    const FetchEnd end = source.FetchAll(next, walk.block().size);

    auto failed =
        SettleFailures(batches.TakeFailures(), batches.calls(), config.topic, walk, source);
    if (auto more = SettleFailures(failures, calls, config.topic, walk, source)) failed = more;
    source.Drain();
    walk.Advance(source.items().DonePrefix());
    source.WarnOfRepairs(parser.repaired());
    source.ThrowUnlessComplete(end, failed);
  });
}
