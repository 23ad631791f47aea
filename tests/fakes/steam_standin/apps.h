#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace steamflow::standin {

// Apps, by appid:
//   0, and any that ends in 404   unknown to Steam
//   any that ends in 300          nobody plays it: a player count of 0, unlike unknown
//   all others                    1 to 250,000 players, for the same app always the same number
// news.h says which news they have.

bool AppExists(std::uint32_t appid);

/// Players of the app; nothing when the app is unknown.
std::optional<std::uint32_t> PlayerCount(std::uint32_t appid);

/// The response of GetNumberOfCurrentPlayers; for an unknown app it goes with HTTP status 404.
std::string NumberOfCurrentPlayers(std::uint32_t appid);

/// A game that players have played. `name` is JSON text between its quotes, escapes included; empty
/// where the API leaves the name out.
struct Game {
  std::uint32_t appid;
  std::string_view name;
};

inline constexpr std::uint32_t kGameCount = 16;

/// The game at `index` (modulo kGameCount) of the catalogue that GetRecentlyPlayedGames draws from.
const Game& GameAt(std::uint64_t index);

}  // namespace steamflow::standin
