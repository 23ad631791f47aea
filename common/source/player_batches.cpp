#include "player_batches.h"

#include <fmt/format.h>

#include <algorithm>

#include "eresult.h"
#include "steam_urls.h"

namespace steamflow {
namespace {
constexpr std::uint64_t kIdsPerCall = 100;  // the API's limit
// Responses are large, and the API does not grant more than 16 parallel calls of 100 ids anyway.
constexpr std::size_t kMostInFlight = 16;
// The search for broken ids assumes at most a tenth of the run's ids, or this many if that is more.
// With more failures it gives up, because the API is the likelier cause.
constexpr std::uint64_t kMostBroken = 4;
}  // namespace

PlayerBatches::PlayerBatches(const Walk& walk, const std::string& api_url,
                             steam_api::Parser& parser,
                             std::function<void(const Response&)> on_response)
    : walk_(walk),
      api_url_(api_url),
      parser_(parser),
      on_response_(std::move(on_response)),
      witnesses_(
          walk, calls_,
          [this](std::uint64_t id) { return steam_api::PlayerSummariesUrl(api_url_, {id}); },
          [this](HttpResponse& response) { return Parse(response).map([](const auto&) {}); }) {}

std::optional<Fetch> PlayerBatches::Next() {
  if (in_flight_ == kMostInFlight) return std::nullopt;
  if (!parts_.empty()) {
    const Batch part = parts_.front();
    parts_.pop_front();
    return MakeFetch(part);
  }
  const std::uint64_t left = walk_.ids().size() - next_item_;
  if (left == 0) return is_idle() ? NextOfSearch() : std::nullopt;
  const Batch batch{next_item_, std::min(kIdsPerCall, left), false};
  next_item_ += batch.size;
  return MakeFetch(batch);
}

Fetch PlayerBatches::MakeFetch(const Batch& batch) {
  std::vector<std::uint64_t> ids;
  ids.reserve(batch.size);
  for (std::uint64_t i = 0; i < batch.size; ++i) ids.push_back(walk_.ids().Id(batch.item + i));
  ++in_flight_;
  const std::uint64_t left = walk_.ids().size() - next_item_;
  Fetch fetch;
  fetch.url = steam_api::PlayerSummariesUrl(api_url_, ids);
  fetch.item = batch.size == 1 ? fmt::format("id {}", ids[0])
                               : fmt::format("ids {} to {}", ids.front(), ids.back());
  fetch.keyed_calls = 1 + parts_.size() + (left + kIdsPerCall - 1) / kIdsPerCall;
  if (batch.is_part) fetch.most_timeouts = 1;
  fetch.accept = [this, batch](HttpResponse& response) { return Accept(batch, response); };
  fetch.fail = [this, batch](const FetchFailure& failure) { OnFailure(batch, failure); };
  return fetch;
}

steam_api::Parser::Parsed<steam_api::Players> PlayerBatches::Parse(HttpResponse& response) {
  auto players = parser_.ParsePlayers(response.body);
  if (!players || !players->players.empty() || players->deleted > 0) return players;
  if (auto error = steam_api::ErrorWithoutData(response.headers)) return tl::unexpected(*error);
  return players;
}

tl::expected<void, std::string> PlayerBatches::Accept(const Batch& batch, HttpResponse& received) {
  const auto parsed = Parse(received);
  if (!parsed) return tl::unexpected(parsed.error());
  Response response;
  response.item = batch.item;
  response.body = received.body;
  response.players.resize(batch.size);
  bool has_any = false;                   // of the players asked for
  std::optional<std::uint64_t> stranger;  // one that was not asked for
  for (const steam_api::Player& player : parsed->players) {
    if (player.steamid == 0) {
      response.without_id.push_back(player.json);
      continue;
    }
    const auto item = walk_.ids().Item(player.steamid);
    const std::uint64_t index = item.value_or(0) - batch.item;
    if (item && index < batch.size) {
      response.players[index] = &player;
      has_any = true;
    } else {
      stranger = player.steamid;
    }
  }
  // This may be the response to another request, which tells nothing about the ids of this one.
  if (stranger && !has_any) {
    return tl::unexpected(
        fmt::format("the response has none of the requested players, but {}", *stranger));
  }
  ++calls_.succeeded;
  --in_flight_;
  on_response_(response);
  return {};
}

void PlayerBatches::OnFailure(const Batch& batch, const FetchFailure& failure) {
  --in_flight_;
  if (batch.size == 1) {
    calls_.failed.push_back({batch.item, 1, failure});
  } else {
    failed_.emplace_back(batch, failure);
  }
}

std::optional<Fetch> PlayerBatches::NextOfSearch() {
  // Each failed call contains at least one broken id.
  const std::uint64_t broken = failed_.size() + calls_.failed.size();
  if (broken == 0 || witnesses_.tell_of_outage()) return std::nullopt;
  if (broken > std::max(kMostBroken, walk_.ids().size() / 10)) return std::nullopt;
  if (calls_.succeeded == 0) return witnesses_.Ask();
  for (const auto& [batch, failure] : std::exchange(failed_, {})) {
    const std::uint64_t size = failure.is_timeout ? 1 : (batch.size + 1) / 2;
    for (std::uint64_t i = 0; i < batch.size; i += size) {
      parts_.push_back({batch.item + i, std::min(size, batch.size - i), true});
    }
  }
  if (!parts_.empty()) return Next();
  return witnesses_.IsWanted() ? std::optional(witnesses_.Ask()) : std::nullopt;
}

MethodCalls PlayerBatches::TakeCalls() {
  for (auto& [batch, failure] : failed_) {
    calls_.failed.push_back({batch.item, batch.size, std::move(failure)});
  }
  failed_.clear();
  return std::move(calls_);
}

}  // namespace steamflow
