// Produces one record for each configured game, with the number of its current players.

#include <fmt/format.h>

#include "command.h"
#include "json.h"
#include "source.h"
#include "steam_api.h"
#include "steam_settings.h"
#include "steam_urls.h"
#include "topics.h"

int main(int argc, char** argv) {
  using namespace steamflow;
  Command command("steam-current-players",
                  "Puts the number of current players of each configured game into Kafka.",
                  "steam-current-players --brokers localhost:9092 --steam-games "
                  "'{\"Elden Ring\":1245620}'",
                  SourceParts);
  SourceOptions options{.topic = kPlayerCountTopic};
  options.AddTo(command.flags());
  std::string games_flag;
  AddGamesFlag(command.flags(), games_flag);

  return command.Main(argc, argv, [&](Run& run) {
    const std::vector<NamedGame> games = ReadGames(games_flag);
    const SourceConfig config = ReadSourceConfig(options, {}, run);
    Source source(run, config);
    const std::string minute = FormatMinute(run.identity.logical_date);
    steam_api::Parser parser;

    const auto send_count = [&](const NamedGame& game, std::uint64_t count, std::uint64_t item) {
      JsonObject value;
      value.Add("game", game.name)
          .Add("appid", std::uint64_t{game.appid})
          .Add("player_count", count)
          .AddRaw("timestamp", config.Timestamp());
      const std::string event_id = fmt::format("{}/{}/{}", config.topic, game.appid, minute);
      source.Send(Record{game.name, event_id, value.Take()}, item);
    };
    std::optional<std::string> failed;
    std::size_t next_item = 0;
    const auto next = [&]() -> std::optional<Fetch> {
      if (next_item == games.size()) return std::nullopt;
      const std::size_t item = next_item++;
      Fetch fetch;
      fetch.item = fmt::format("app {} ({})", games[item].appid, games[item].name);
      fetch.url = steam_api::PlayerCountUrl(config.api_url, games[item].appid);
      fetch.accept = [&, item](HttpResponse& response) -> tl::expected<void, std::string> {
        const auto count = parser.ParsePlayerCount(response.body);
        if (!count) return tl::unexpected(count.error());
        // An app without a number gets no record: a 0 would be false data.
        if (count->has_count) send_count(games[item], count->count, item);
        source.items().Answered(item, count->has_count ? Outcome::kOk : Outcome::kAbsent);
        return {};
      };
      fetch.fail = [&](const FetchFailure& failure) { failed = failure.message; };
      return fetch;
    };

    const FetchEnd end = source.FetchAll(next, games.size());
    source.FlushWithDeadLetters();
    source.ThrowUnlessComplete(end, failed);
  });
}
