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

// Asks GetRecentlyPlayedGames for the items that it is given, one a call.
class GameCalls {
 public:
  using OnResponse = std::function<void(const steam_api::RecentGames&, std::uint64_t item)>;

  // The references must outlive this.
  GameCalls(const Walk& walk, const std::string& api_url, steam_api::Parser& parser,
            OnResponse on_response);

  void Add(std::uint64_t item) { to_ask_.push(item); }

  // The next call, if an item waits for one. `more` = the items that will be added later.
  std::optional<Fetch> Next(std::uint64_t more);
  // Once no item will be added: the call that tells whether the API is well, if there is doubt.
  std::optional<Fetch> NextWitness();

  // What became of the calls.
  const MethodCalls& calls() const { return calls_; }

 private:
  steam_api::Parser::Parsed<steam_api::RecentGames> Parse(HttpResponse& response);

  const Walk& walk_;
  const std::string api_url_;
  steam_api::Parser& parser_;
  const OnResponse on_response_;
  std::queue<std::uint64_t> to_ask_;
  std::size_t in_flight_ = 0;
  MethodCalls calls_;
  Witnesses witnesses_;
};

}  // namespace steamflow
