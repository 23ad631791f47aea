#include "game_calls.h"

#include <fmt/format.h>

#include "eresult.h"
#include "steam_urls.h"

namespace steamflow {

GameCalls::GameCalls(const Walk& walk, const std::string& api_url, steam_api::Parser& parser,
                     OnResponse on_response)
    : walk_(walk),
      api_url_(api_url),
      parser_(parser),
      on_response_(std::move(on_response)),
      witnesses_(
          walk, calls_,
          [this](std::uint64_t id) { return steam_api::RecentlyPlayedUrl(api_url_, id); },
          [this](HttpResponse& response) { return Parse(response).map([](const auto&) {}); }) {}

std::optional<Fetch> GameCalls::Next(std::uint64_t more) {
  if (to_ask_.empty()) return std::nullopt;
  const std::uint64_t item = to_ask_.front();
  Fetch fetch;
  fetch.url = steam_api::RecentlyPlayedUrl(api_url_, walk_.ids().Id(item));
  fetch.item = fmt::format("id {}", walk_.ids().Id(item));
  fetch.keyed_calls = to_ask_.size() + more;
  fetch.accept = [this, item](HttpResponse& response) -> tl::expected<void, std::string> {
    const auto games = Parse(response);
    if (!games) return tl::unexpected(games.error());
    --in_flight_;
    ++calls_.succeeded;
    on_response_(*games, item);
    return {};
  };
  fetch.fail = [this, item](const FetchFailure& failure) {
    --in_flight_;
    calls_.failed.push_back({item, 1, failure});
  };
  to_ask_.pop();
  ++in_flight_;
  return fetch;
}

std::optional<Fetch> GameCalls::NextWitness() {
  if (in_flight_ > 0 || witnesses_.is_asked() || !witnesses_.IsWanted()) return std::nullopt;
  return witnesses_.Ask();
}

steam_api::Parser::Parsed<steam_api::RecentGames> GameCalls::Parse(HttpResponse& response) {
  auto games = parser_.ParseRecentGames(response.body);
  if (!games || !games->withheld) return games;
  if (auto error = steam_api::ErrorWithoutData(response.headers)) return tl::unexpected(*error);
  return games;
}

}  // namespace steamflow
