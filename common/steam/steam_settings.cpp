#include "steam_settings.h"

#include <fmt/format.h>

#include <limits>
#include <set>

#include "airflow_variable.h"
#include "flags.h"
#include "json.h"
#include "parse_number.h"

namespace steamflow {
namespace {

[[noreturn]] void Refuse(const Setting& setting, const std::string& cause) {
  throw TaskError(setting.if_invalid, fmt::format("{}: {}", setting.source, cause));
}

// An appid written as number or as string.
std::uint32_t ParseAppid(const Setting& setting, const JsonField& field) {
  const auto appid = ParseNumber<std::uint32_t>(field.value);
  const bool is_scalar =
      field.type == JsonField::Type::kNumber || field.type == JsonField::Type::kString;
  if (!is_scalar || appid.value_or(0) == 0) {
    Refuse(setting, fmt::format("'{}' is no appid", field.value));
  }
  return *appid;
}

}  // namespace

void AddGamesFlag(const Flags& flags, std::string& value) {
  flags.Add("--steam-games", value,
            WithVariable("JSON object, name to appid [default: Monster Hunter World, Elden Ring, "
                         "Palworld]",
                         "STEAM_GAMES"));
}

void AddNewsAppsFlag(const Flags& flags, std::string& value) {
  flags.Add("--steam-news-apps", value,
            WithVariable("JSON array of appids [default: [1623730]]", "STEAM_NEWS_APPS"));
}

std::vector<NamedGame> ReadGames(const std::string& flag_value) {
  const auto setting = ReadSetting("--steam-games", flag_value, "STEAM_GAMES");
  if (!setting) {
    return {{"Monster Hunter World", 582010}, {"Elden Ring", 1245620}, {"Palworld", 1623730}};
  }
  const auto fields = ParseJsonObject(setting->value);
  if (!fields) Refuse(*setting, fields.error() + "; expected {\"name\": appid, ...}");
  if (fields->empty()) Refuse(*setting, "it names no game");
  std::vector<NamedGame> games;
  std::set<std::string> names;
  std::set<std::uint32_t> appids;
  for (const JsonField& field : *fields) {
    // The name becomes the record's key.
    if (field.name.empty() || field.name.find('\0') != std::string::npos) {
      Refuse(*setting, "a game's name is empty or has a NUL");
    }
    const std::uint32_t appid = ParseAppid(*setting, field);
    if (!appids.insert(appid).second)
      Refuse(*setting, fmt::format("two names for appid {}", appid));
    if (!names.insert(field.name).second) {
      Refuse(*setting, fmt::format("two appids for '{}'", field.name));
    }
    games.push_back({field.name, appid});
  }
  return games;
}

std::vector<std::uint32_t> ReadNewsApps(const std::string& flag_value) {
  const auto setting = ReadSetting("--steam-news-apps", flag_value, "STEAM_NEWS_APPS");
  if (!setting) return {1623730};
  const auto elements = ParseJsonArray(setting->value);
  if (!elements) Refuse(*setting, elements.error() + "; expected [appid, ...]");
  if (elements->empty()) Refuse(*setting, "it names no app");
  std::vector<std::uint32_t> apps;
  std::set<std::uint32_t> seen;
  for (const JsonField& element : *elements) {
    const std::uint32_t appid = ParseAppid(*setting, element);
    if (!seen.insert(appid).second) Refuse(*setting, fmt::format("appid {} twice", appid));
    apps.push_back(appid);
  }
  return apps;
}

}  // namespace steamflow
