#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log.h"
#include "timestamp.h"

namespace steamflow {

class Flags;

// A game whose number of players is collected.
struct NamedGame {
  std::string name;  // UTF-8; becomes the key of the game's records
  std::uint32_t appid = 0;
};

// Add the flags --steam-games and --steam-news-apps, which store what they are given in `value`.
void AddGamesFlag(const Flags& flags, std::string& value);
void AddNewsAppsFlag(const Flags& flags, std::string& value);

// Reads the flag or else the Variable STEAM_GAMES, a JSON object of names and appids. Returns the
// default games if neither is set. Throws TaskError if the value is anything else, is empty, or has
// an appid or a name twice.
std::vector<NamedGame> ReadGames(const std::string& flag_value);

// Reads the flag or else the Variable STEAM_NEWS_APPS, a JSON array of appids. Returns the default
// app if neither is set. Throws TaskError if the value is anything else, is empty, or has an appid
// twice.
std::vector<std::uint32_t> ReadNewsApps(const std::string& flag_value);

// The flags of a task that calls the Steam Web API.
struct SteamFlags {
  std::string api_url;
  std::string timezone;
  std::string call_budget;  // as text: it may come from a Variable

  void AddTo(const Flags& flags);        // adds the address and the time zone
  void AddBudgetTo(const Flags& flags);  // adds the API key and its call budget
};

// Returns the API key from AIRFLOW_VAR_STEAM_API_KEY, or else from the file that STEAM_API_KEY_FILE
// names (an Airflow Variable or a plain environment variable). Registers the key with `log` as a
// secret. Throws TaskError (kConfig) if there is no key or it is malformed.
std::string ReadApiKey(Log& log);

// Returns the address of the API from the flag, AIRFLOW_VAR_STEAM_API_URL or the default. Throws
// TaskError if it is not an http(s) address, or is plain http to another machine and `allow_http`
// is false.
std::string ReadApiUrl(const std::string& flag_value, bool allow_http);

// Returns the time zone from the flag, AIRFLOW_VAR_STEAM_TIMEZONE or the default. Throws TaskError
// if there is no such zone.
TimeZone ReadTimeZone(const std::string& flag_value);

// Returns the calls a day that the flag or else STEAM_DAILY_CALL_BUDGET allows, or the default.
// Returns nullopt if the setting is -1, which means no limit. Throws TaskError if it is neither -1
// nor a whole number from 0 up.
std::optional<std::uint64_t> ReadCallBudgetLimit(const std::string& flag_value);

}  // namespace steamflow
