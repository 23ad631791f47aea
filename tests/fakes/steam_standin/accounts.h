#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "steam_standin/apps.h"

namespace steamflow::standin {

/// The id of account 0. The lowest real account is one above it.
inline constexpr std::uint64_t kSteamIdBase = 76561197960265728u;

/// Returns the SteamID64 that the API responds with, which ignores the instance bits. Returns 0 if
/// `steam_id` is not the id of a person.
std::uint64_t CanonicalSteamId(std::uint64_t steam_id);

enum class Account { kAbsent, kDeleted, kPrivate, kPublic };

enum class GamesShown {
  kWithheld,  // the response is {"response":{}}
  kNone,      // total_count 0 and no games
  kSome,
};

/// Which accounts exist. With h = Mix(SteamID64):
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
/// GetRecentlyPlayedGames gives the same response for absent, deleted and withheld. Other bits of h
/// decide which optional fields a public player has; a private player has none of them. Players are
/// listed in the order of h, not in that of the request.
///
/// With kEveryPlayer, for benchmarks, every account is public and has a record of about 700 bytes
/// and 1 to 5 games.
enum class Population { kMixed, kEveryPlayer };

class Accounts {
 public:
  explicit Accounts(Population population = Population::kMixed) : population_(population) {}

  Account AccountOf(std::uint64_t steam_id) const;
  GamesShown GamesShownOf(std::uint64_t steam_id) const;

  /// Returns the games that GetRecentlyPlayedGames shows, in its order. Returns none unless
  /// GamesShownOf is kSome.
  std::vector<Game> RecentGames(std::uint64_t steam_id) const;

  /// Returns the response of GetPlayerSummaries.
  std::string PlayerSummaries(std::span<const std::uint64_t> steam_ids) const;

  /// Returns the response of GetRecentlyPlayedGames. `count` limits the games but not total_count;
  /// 0 means no limit.
  std::string RecentlyPlayedGames(std::uint64_t steam_id, std::uint32_t count = 0) const;

 private:
  void AppendPlayer(std::string& json, std::uint64_t steam_id, std::uint64_t hash) const;

  Population population_;
};

}  // namespace steamflow::standin
