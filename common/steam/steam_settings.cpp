#include "steam_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "airflow_variable.h"
#include "environment.h"
#include "file_io.h"
#include "flags.h"
#include "json.h"
#include "parse_number.h"
#include "web_url.h"

namespace steamflow {
namespace {

constexpr char kDefaultApiUrl[] = "https://api.steampowered.com";
constexpr char kDefaultTimeZone[] = "Asia/Seoul";
constexpr char kDefaultCallBudget[] = "100000";  // what the API's terms of use allow
constexpr char kDefaultGames[] =
    R"({"Monster Hunter World":582010,"Elden Ring":1245620,"Palworld":1623730})";
constexpr char kDefaultNewsApps[] = "[1623730]";

// Returns the setting, or the default in its form.
Setting ReadOr(const char* text, const std::string& flag, const std::string& flag_value,
               const std::string& variable) {
  auto setting = ReadSetting(flag, flag_value, variable);
  return setting ? *std::move(setting)
                 : Setting{text, variable + " (its default)", ExitCode::kConfig};
}

[[noreturn]] void Refuse(const Setting& setting, const std::string& cause) {
  throw TaskError(setting.if_invalid, fmt::format("{}: {}", setting.source, cause));
}

// Parses an appid that is written as a number or as a string.
std::uint32_t ParseAppid(const Setting& setting, const JsonField& field) {
  const auto appid = ParseNumber<std::uint32_t>(field.value);
  const bool is_scalar =
      field.type == JsonField::Type::kNumber || field.type == JsonField::Type::kString;
  if (!is_scalar || appid.value_or(0) == 0) {
    Refuse(setting, fmt::format("'{}' is not an appid", field.value));
  }
  return *appid;
}

}  // namespace

void AddGamesFlag(const Flags& flags, std::string& value) {
  flags.Add("--steam-games", value, "JSON object, name to appid")
      .Format("json")
      .Default(kDefaultGames)
      .Environment(EnvironmentName("STEAM_GAMES"));
}

void AddNewsAppsFlag(const Flags& flags, std::string& value) {
  flags.Add("--steam-news-apps", value, "JSON array of appids")
      .Format("json")
      .Default(kDefaultNewsApps)
      .Environment(EnvironmentName("STEAM_NEWS_APPS"));
}

std::vector<NamedGame> ReadGames(const std::string& flag_value) {
  const Setting setting = ReadOr(kDefaultGames, "--steam-games", flag_value, "STEAM_GAMES");
  const auto fields = ParseJsonObject(setting.value);
  if (!fields) Refuse(setting, fields.error() + "; expected {\"name\": appid, ...}");
  if (fields->empty()) Refuse(setting, "it names no game");
  std::vector<NamedGame> games;
  std::set<std::string> names;
  std::set<std::uint32_t> appids;
  for (const JsonField& field : *fields) {
    // The name becomes the record's key.
    if (field.name.empty() || field.name.find('\0') != std::string::npos) {
      Refuse(setting, "a game's name is empty or has a NUL");
    }
    const std::uint32_t appid = ParseAppid(setting, field);
    if (!appids.insert(appid).second) Refuse(setting, fmt::format("two names for appid {}", appid));
    if (!names.insert(field.name).second) {
      Refuse(setting, fmt::format("two appids for '{}'", field.name));
    }
    games.push_back({field.name, appid});
  }
  return games;
}

std::vector<std::uint32_t> ReadNewsApps(const std::string& flag_value) {
  const Setting setting =
      ReadOr(kDefaultNewsApps, "--steam-news-apps", flag_value, "STEAM_NEWS_APPS");
  const auto elements = ParseJsonArray(setting.value);
  if (!elements) Refuse(setting, elements.error() + "; expected [appid, ...]");
  if (elements->empty()) Refuse(setting, "it names no app");
  std::vector<std::uint32_t> apps;
  std::set<std::uint32_t> seen;
  for (const JsonField& element : *elements) {
    const std::uint32_t appid = ParseAppid(setting, element);
    if (!seen.insert(appid).second) Refuse(setting, fmt::format("appid {} twice", appid));
    apps.push_back(appid);
  }
  return apps;
}

void SteamFlags::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Steam");
  own.Add("--steam-api-url", api_url, "Address of the API")
      .Format("uri")
      .Default(kDefaultApiUrl)
      .Environment(EnvironmentName("STEAM_API_URL"));
  own.Add("--steam-timezone", timezone, "Time zone of the records' timestamps")
      .Default(kDefaultTimeZone)
      .Environment(EnvironmentName("STEAM_TIMEZONE"));
}

void SteamFlags::AddBudgetTo(const Flags& flags) {
  flags.AddVariable(EnvironmentName("STEAM_API_KEY"), "The API key");
  flags.AddVariable(EnvironmentName("STEAM_API_KEY_FILE"),
                    "File with the API key, used if no key is set");
  flags.AddVariable("STEAM_API_KEY_FILE", "The same, outside of Airflow");
  flags.Under("Steam")
      .Add("--steam-daily-call-budget", call_budget,
           "Calls per day (UTC) that the key may make; -1 = no limit")
      .Format("integer")
      .Default(kDefaultCallBudget)
      .Environment(EnvironmentName("STEAM_DAILY_CALL_BUDGET"));
}

std::string ReadApiKey(Log& log) {
  std::string key = AirflowVariable("STEAM_API_KEY").value_or("");
  std::string source = "AIRFLOW_VAR_STEAM_API_KEY";
  if (key.empty()) {
    const auto variable = AirflowVariable("STEAM_API_KEY_FILE");
    const auto path = variable ? variable : EnvironmentValue("STEAM_API_KEY_FILE");
    if (!path) {
      throw TaskError(ExitCode::kConfig,
                      "no API key: set the Airflow Variable STEAM_API_KEY "
                      "(AIRFLOW_VAR_STEAM_API_KEY), or STEAM_API_KEY_FILE to a file that holds it");
    }
    source = *path;
    auto content = ReadFile(*path);
    if (!content) {
      throw TaskError(ExitCode::kConfig,
                      fmt::format("STEAM_API_KEY_FILE {}: {}", *path, content.error().message()));
    }
    key = *std::move(content);
  }
  while (!key.empty() && std::isspace(static_cast<unsigned char>(key.back()))) key.pop_back();
  log.AddSecret(key);
  const bool is_plain = !key.empty() && std::all_of(key.begin(), key.end(),
                                                    [](char c) { return c > ' ' && c <= '~'; });
  if (!is_plain) {
    throw TaskError(
        ExitCode::kConfig,
        fmt::format("the API key in {} is empty or has blanks or control characters", source));
  }
  return key;
}

std::string ReadApiUrl(const std::string& flag_value, bool allow_http) {
  const auto setting = ReadSetting("--steam-api-url", flag_value, "STEAM_API_URL");
  if (!setting) return kDefaultApiUrl;
  return CheckWebUrl(*setting, allow_http, "the API key", kDefaultApiUrl);
}

TimeZone ReadTimeZone(const std::string& flag_value) {
  const Setting setting =
      ReadOr(kDefaultTimeZone, "--steam-timezone", flag_value, "STEAM_TIMEZONE");
  const auto zone = TimeZone::Find(setting.value);
  if (!zone) Refuse(setting, zone.error());
  return *zone;
}

std::optional<std::uint64_t> ReadCallBudgetLimit(const std::string& flag_value) {
  const Setting setting = ReadOr(kDefaultCallBudget, "--steam-daily-call-budget", flag_value,
                                 "STEAM_DAILY_CALL_BUDGET");
  if (setting.value == "-1") return std::nullopt;
  const auto limit = ParseNumber<std::int64_t>(setting.value);
  if (!limit || *limit < 0) {
    Refuse(setting, fmt::format("'{}' is not a number of calls a day (0 or more, -1 = no limit)",
                                setting.value));
  }
  return static_cast<std::uint64_t>(*limit);
}

}  // namespace steamflow
