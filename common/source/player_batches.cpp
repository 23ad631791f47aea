#include "player_batches.h"

#include <algorithm>

#include "steam_urls.h"

namespace steamflow {
namespace {
constexpr std::uint64_t kIdsPerCall = 100;  // the API's limit
// Responses are large, and 16 calls of 100 ids at a time are more than the API grants.
constexpr std::size_t kMostInFlight = 16;
}  // namespace

PlayerBatches::PlayerBatches(const Walk& walk, const std::string& api_url,
                             steam_api::Parser& parser,
                             std::function<void(const Response&)> on_response)
    : walk_(walk), api_url_(api_url), parser_(parser), on_response_(std::move(on_response)) {}

std::optional<Fetch> PlayerBatches::Next() {
  if (in_flight_ == kMostInFlight) return std::nullopt;
  if (!parts_.empty()) {
    const Batch part = parts_.front();
    parts_.pop_front();
    return MakeFetch(part);
  }
  const std::uint64_t left = walk_.block().size - next_item_;
  if (left == 0) return std::nullopt;
  const Batch batch{next_item_, std::min(kIdsPerCall, left)};
  next_item_ += batch.size;
  return MakeFetch(batch);
}

Fetch PlayerBatches::MakeFetch(const Batch& batch) {
  std::vector<std::uint64_t> ids;
  ids.reserve(batch.size);
  for (std::uint64_t i = 0; i < batch.size; ++i) ids.push_back(walk_.Id(batch.item + i));
  ++calls_.made;
  ++in_flight_;
  const std::uint64_t left = walk_.block().size - next_item_;
  Fetch fetch;
  fetch.url = steam_api::PlayerSummariesUrl(api_url_, ids);
  fetch.keyed_calls = 1 + parts_.size() + (left + kIdsPerCall - 1) / kIdsPerCall;
  fetch.accept = [this, batch](HttpResponse& response) { return Accept(batch, response.body); };
  fetch.fail = [this, batch](const FetchFailure& failure) {
    --in_flight_;
    OnFailure(batch, failure);
  };
  return fetch;
}

tl::expected<void, std::string> PlayerBatches::Accept(const Batch& batch, std::string& body) {
  const auto parsed = parser_.ParsePlayers(body);
  if (!parsed) return tl::unexpected(parsed.error());
  Response response;
  response.item = batch.item;
  response.body = body;
  response.players.resize(batch.size);
  for (const steam_api::Player& player : parsed->players) {
    if (player.steamid == 0) {
      response.without_id.push_back(player.json);
    } else if (walk_.Contains(player.steamid)) {
      // An id that was not asked for in this call is not taken from it.
      const std::uint64_t index = walk_.Item(player.steamid) - batch.item;
      if (index < batch.size) response.players[index] = &player;
    }
  }
  ++calls_.succeeded;
  --in_flight_;
  for (const auto& [part, failure] : std::exchange(waiting_, {})) OnFailure(part, failure);
  on_response_(response);
  return {};
}

void PlayerBatches::OnFailure(const Batch& batch, const FetchFailure& failure) {
  if (batch.is_part && calls_.succeeded == 0) {
    waiting_.emplace_back(batch, failure);
  } else if (batch.size > 1 && (batch.is_part || walk_.Failures(walk_.Id(batch.item)) + 1 >=
                                                     kFailuresBeforePassing)) {
    Split(batch);
  } else {
    failures_.push_back({batch.item, batch.size, failure, batch.is_part});
  }
}

void PlayerBatches::Split(const Batch& batch) {
  const std::uint64_t half = batch.size / 2;
  parts_.push_back({batch.item, half, true});
  parts_.push_back({batch.item + half, batch.size - half, true});
}

std::vector<FailedItems> PlayerBatches::TakeFailures() {
  for (const auto& [part, failure] : std::exchange(waiting_, {})) {
    failures_.push_back({part.item, part.size, failure, false});
  }
  return std::exchange(failures_, {});
}

}  // namespace steamflow
