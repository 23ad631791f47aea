#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace steamflow {

class Flags;

struct NamedGame {
  std::string name;  // UTF-8, the record's key
  std::uint32_t appid = 0;
};

// The flags --steam-games and --steam-news-apps, into `value`.
void AddGamesFlag(const Flags& flags, std::string& value);
void AddNewsAppsFlag(const Flags& flags, std::string& value);

// The Variable STEAM_GAMES or its flag, a JSON object of names and appids; without either the games
// of the default. Throws TaskError where it is not that, is empty, or names one app or one name
// twice.
std::vector<NamedGame> ReadGames(const std::string& flag_value);

// The Variable STEAM_NEWS_APPS or its flag, a JSON array of appids; without either the app of the
// default. Throws TaskError likewise.
std::vector<std::uint32_t> ReadNewsApps(const std::string& flag_value);

}  // namespace steamflow
