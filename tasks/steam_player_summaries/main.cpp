// Walks Steam ids downward, 100 in each call, and produces one record for each profile found.

#include <fmt/format.h>

#include <memory>

#include "command.h"
#include "player_batches.h"
#include "source.h"
#include "steam_api.h"
#include "topics.h"
#include "walk.h"
#include "walk_end.h"

int main(int argc, char** argv) {
  using namespace steamflow;
  Command command("steam-player-summaries",
                  "Walks Steam ids downward and puts the profiles found into Kafka.",
                  "steam-player-summaries --brokers localhost:9092 --redis-url "
                  "redis://localhost:6379/0 --count 500",
                  SourceParts);
  SourceOptions options{.topic = kPlayerTopic};
  options.AddTo(command.flags());
  options.redis.AddTo(command.flags());
  options.steam.AddBudgetTo(command.flags());
  WalkOptions walk_options{
      .cursor_key = "last_user_id", .topic = kPlayerTopic, .start_id = 76561197960434622};
  walk_options.AddTo(command.flags());

  return command.Main(argc, argv, [&](Run& run) {
    const SourceConfig config =
        ReadSourceConfig(options, {.key = true, .cursor = walk_options.HasCursor()}, run);
    const auto listed = walk_options.ReadIds(run.stop);
    Source source(run, config);
    const auto store = source.redis() ? std::make_unique<RedisKeyStore>(*source.redis()) : nullptr;
    Walk walk(walk_options, listed, config.topic, run, store.get(), !config.moves_cursor(), Now());

    // A record is the profile as the API sent it, with a timestamp added.
    steam_api::Parser parser;
    std::string timestamp;  // the time of the current response
    std::string value;
    const auto send_profile = [&](const steam_api::Player& player, std::uint64_t item) {
      value.clear();
      steam_api::AppendWithFields(value, player.json, player.has_clash, {{"timestamp", timestamp}});
      const std::string key = fmt::to_string(player.steamid);
      source.Send(Record{key, walk.EventId(item), value}, item);
    };
    PlayerBatches batches(
        walk, config.api_url, parser, [&](const PlayerBatches::Response& response) {
          timestamp = config.Timestamp();
          std::size_t without_id = 0;
          for (std::size_t i = 0; i < response.players.size(); ++i) {
            const std::uint64_t item = response.item + i;
            const bool is_last = i + 1 == response.players.size();
            bool is_there = response.players[i] != nullptr;
            if (is_there) send_profile(*response.players[i], item);
            // An object without an id belongs to one of the missing ids, but nothing says which
            // one. So each missing id gets one such object, and the last id gets those left over.
            while (without_id < response.without_id.size() && (!is_there || is_last)) {
              const std::string event_id = walk.EventId(item);
              source.Send(DeadLetter{event_id, event_id, response.without_id[without_id++],
                                     "a profile without a steamid"},
                          item);
              is_there = true;
            }
            source.items().Answered(item, is_there ? Outcome::kOk : Outcome::kAbsent);
          }
        });

    const FetchEnd end = source.FetchAll([&] { return batches.Next(); }, walk.ids().size());
    const auto failed = EndWalk(walk, {batches.TakeCalls()}, source);
    source.WarnOfRepairs(parser.repaired());
    source.ThrowUnlessComplete(end, failed);
  });
}
