#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log.h"
#include "timestamp.h"

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

// The flags of a task that calls the Steam Web API.
struct SteamFlags {
  std::string api_url;
  std::string timezone;
  std::string call_budget;  // as text: it may come from a Variable

  void AddTo(const Flags& flags);        // address and zone
  void AddBudgetTo(const Flags& flags);  // the call budget, of calls with the key
};

// The API key: AIRFLOW_VAR_STEAM_API_KEY, else the file that STEAM_API_KEY_FILE (a Variable or a
// plain variable) names. Made known to `log` as a secret. Throws TaskError (kConfig).
std::string ReadApiKey(Log& log);

// AIRFLOW_VAR_STEAM_API_URL or its flag. Throws TaskError where it is no http(s) address, or plain
// http to another machine.
std::string ReadApiUrl(const std::string& flag_value, bool allow_http);

// AIRFLOW_VAR_STEAM_TIMEZONE or its flag. Throws TaskError where there is no such zone.
TimeZone ReadTimeZone(const std::string& flag_value);

// The setting STEAM_DAILY_CALL_BUDGET: calls a day, nothing where it is -1, which is no limit.
// Throws TaskError where it is neither.
std::optional<std::uint64_t> ReadCallBudgetLimit(const std::string& flag_value);

}  // namespace steamflow
