#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace steamflow::standin {

// Apps, by appid:
//   0, and any that ends in 404   unknown to Steam
//   any that ends in 300          nobody plays it: a player count of 0, unlike an unknown app
//   all others                    1 to 250,000 players, always the same number for the same app
// news.h says which news they have.

bool AppExists(std::uint32_t appid);

/// Returns the number of players of the app, or nullopt if the app is unknown.
std::optional<std::uint32_t> PlayerCount(std::uint32_t appid);

/// Returns the response of GetNumberOfCurrentPlayers. For an unknown app it is sent with status
/// 404.
std::string NumberOfCurrentPlayers(std::uint32_t appid);

/// A game that accounts may have played. `name` is JSON text without its quotes, with escapes; it
/// is empty if the API leaves the name out.
struct Game {
  std::uint32_t appid;
  std::string_view name;
};

inline constexpr std::uint32_t kGameCount = 16;

/// Returns the game at `index` (modulo kGameCount) of the catalogue for GetRecentlyPlayedGames.
const Game& GameAt(std::uint64_t index);

}  // namespace steamflow::standin
