#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "steam_standin/apps.h"

namespace steamflow::standin {

/// Id of account 0; the lowest real account is one above.
inline constexpr std::uint64_t kSteamIdBase = 76561197960265728u;

/// The SteamID64 that the API answers with: the instance bits do not count. 0 when `steam_id` is
/// not that of a person.
std::uint64_t CanonicalSteamId(std::uint64_t steam_id);

enum class Account { kAbsent, kDeleted, kPrivate, kPublic };

enum class GamesShown {
  kWithheld,  // the response is {"response":{}}
  kNone,      // total_count 0 and no games
  kSome,
};

/// Who exists. With h = Mix(SteamID64):
///
///   h % 100 is  0-39   absent          not in GetPlayerSummaries
///              40-41   deleted         an empty object in GetPlayerSummaries
///              42-76   private         communityvisibilitystate 1, few fields, games withheld
///              77-99   public          communityvisibilitystate 3
///   of the public, (h / 100) % 30 is
///               0-9    nothing played in the last two weeks
///              10-11   games withheld though the profile is public
///              12-29   1 to 5 games
///
/// GetRecentlyPlayedGames answers the same for absent, deleted and withheld. Optional fields of a
/// player come and go with other bits of h; a private player has none of them. Players are answered
/// in the order of h, not in that of the request.
///
/// With kEveryPlayer, for benchmarks, everybody is public, has a record of about 700 bytes and 1 to
/// 5 games.
enum class Population { kMixed, kEveryPlayer };

class Accounts {
 public:
  explicit Accounts(Population population = Population::kMixed) : population_(population) {}

  Account AccountOf(std::uint64_t steam_id) const;
  GamesShown GamesShownOf(std::uint64_t steam_id) const;

  /// The games that GetRecentlyPlayedGames shows, in its order; none unless GamesShownOf is kSome.
  std::vector<Game> RecentGames(std::uint64_t steam_id) const;

  /// The response of GetPlayerSummaries.
  std::string PlayerSummaries(std::span<const std::uint64_t> steam_ids) const;

  /// The response of GetRecentlyPlayedGames. `count` limits the games, not total_count; 0 is no
  /// limit.
  std::string RecentlyPlayedGames(std::uint64_t steam_id, std::uint32_t count = 0) const;

 private:
  void AppendPlayer(std::string& json, std::uint64_t steam_id, std::uint64_t hash) const;

  Population population_;
};

}  // namespace steamflow::standin
