#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <string>

#include "fetcher.h"
#include "steam_api.h"
#include "walk.h"
#include "walk_end.h"
#include "witnesses.h"

namespace steamflow {

// Asks GetRecentlyPlayedGames for the items that were added, one in each call.
class GameCalls {
 public:
  // Called with the games of an item as soon as its call has succeeded.
  using OnResponse = std::function<void(const steam_api::RecentGames&, std::uint64_t item)>;

  // `walk` and `parser` must outlive this object. What `on_response` gets is valid only during the
  // call.
  GameCalls(const Walk& walk, const std::string& api_url, steam_api::Parser& parser,
            OnResponse on_response);

  // Queues an item. The task adds each as soon as its profile turns out to be public, while others
  // are still being asked for.
  void Add(std::uint64_t item) { to_ask_.push(item); }

  // Returns the next call, or nullopt if no item waits for one. `more` is the number of items that
  // will be added later, for reserving the call budget.
  std::optional<Fetch> Next(std::uint64_t more);
  // Returns the next witness (see Witnesses) if one is needed. Call this once no more items will be
  // added.
  std::optional<Fetch> NextWitness();

  // What became of the calls so far.
  const MethodCalls& calls() const { return calls_; }

 private:
  // Parses a response. An empty one means a private profile, unless its headers report an error
  // (eresult.h).
  steam_api::Parser::Parsed<steam_api::RecentGames> Parse(HttpResponse& response);

  const Walk& walk_;
  const std::string api_url_;
  steam_api::Parser& parser_;
  const OnResponse on_response_;
  std::queue<std::uint64_t> to_ask_;
  // Calls without an outcome, not counting witnesses. A witness is asked only when there are none.
  std::size_t in_flight_ = 0;
  MethodCalls calls_;
  Witnesses witnesses_;
};

}  // namespace steamflow
