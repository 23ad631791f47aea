#include "steam_api.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <unordered_set>

#include "body_json.h"
#include "json.h"
#include "parse_number.h"

namespace steamflow::steam_api {
namespace {

bool IsAddedField(std::string_view name) {
  return name == "timestamp" || name == "steam_id";
}

error_code ParsePlayer(ondemand::value value, Players& players) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  Player player;
  if (const auto error = RawJson(object, player.json)) return error;
  bool is_empty = true;
  const auto error = ForEachField(object, [&](std::string_view name, ondemand::value field) {
    is_empty = false;
    player.has_clash = player.has_clash || IsAddedField(name);
    if (name == "steamid") return GetId(field, player.steamid);
    if (name == "communityvisibilitystate") {
      std::uint64_t state = 0;
      const error_code failed = GetId(field, state);
      player.is_public = state == 3;
      return failed;
    }
    return Check(field);
  });
  if (error) return error;
  if (is_empty) {
    ++players.deleted;
  } else {
    players.players.push_back(player);
  }
  return simdjson::SUCCESS;
}

error_code ParseGame(ondemand::value value, RecentGames& games) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  Game game;
  if (const auto error = RawJson(object, game.json)) return error;
  const auto error = ForEachField(object, [&](std::string_view name, ondemand::value field) {
    game.has_clash = game.has_clash || IsAddedField(name);
    return name == "appid" ? GetId(field, game.appid) : Check(field);
  });
  games.games.push_back(game);
  return error;
}

// Keeps the first of several games with the same appid, because an event id has to be unique.
void KeepFirst(std::vector<Game>& games) {
  std::unordered_set<std::uint64_t> seen;
  std::erase_if(
      games, [&](const Game& game) { return game.appid != 0 && !seen.insert(game.appid).second; });
}

}  // namespace

Parser::Parser() : reader_(std::make_unique<BodyReader>()) {}
Parser::~Parser() = default;

Parser::Parsed<PlayerCount> Parser::ParsePlayerCount(std::string& body) {
  PlayerCount response;
  std::string_view count;
  std::uint64_t result = 0;
  const auto found =
      reader_->ForEachFieldOf(body, "response", [&](std::string_view name, ondemand::value value) {
        if (name == "player_count") return RawJson(value, count);
        return name == "result" ? GetId(value, result) : Check(value);
      });
  if (!found) return tl::unexpected(found.error());
  if (!*found) return tl::unexpected(std::string("a body without a response"));
  constexpr std::uint64_t kOk = 1;
  constexpr std::uint64_t kNoSuchApp = 42;
  if (result != kOk && result != kNoSuchApp) {
    return tl::unexpected(fmt::format("a response with the result {}", result));
  }
  if (result == kNoSuchApp || count.empty()) return response;
  const auto number = ParseNumber<decltype(response.count)>(count);
  if (!number) return tl::unexpected(std::string("a player_count that is not a whole number"));
  response.count = *number;
  response.has_count = true;
  return response;
}

Parser::Parsed<Players> Parser::ParsePlayers(std::string& body) {
  Players response;
  bool has_players = false;
  const auto found = reader_->ForEachFieldOf(
      body, "response", [&](std::string_view name, ondemand::value value) -> error_code {
        if (name != "players") return Check(value);
        has_players = true;
        ondemand::array array;
        if (const auto error = value.get_array().get(array)) return error;
        return ForEachElement(
            array, [&](ondemand::value player) { return ParsePlayer(player, response); });
      });
  if (!found) return tl::unexpected(found.error());
  if (!has_players) return tl::unexpected(std::string("a body without players"));
  return response;
}

Parser::Parsed<RecentGames> Parser::ParseRecentGames(std::string& body) {
  RecentGames response;
  std::string_view total_count;
  bool is_empty = true;
  const auto found = reader_->ForEachFieldOf(
      body, "response", [&](std::string_view name, ondemand::value value) -> error_code {
        is_empty = false;
        if (name == "total_count") return RawJson(value, total_count);
        if (name != "games") return Check(value);
        ondemand::array array;
        if (const auto error = value.get_array().get(array)) return error;
        return ForEachElement(array,
                              [&](ondemand::value game) { return ParseGame(game, response); });
      });
  if (!found) return tl::unexpected(found.error());
  if (!*found) return tl::unexpected(std::string("a body without a response"));
  if (response.games.size() > 1) KeepFirst(response.games);
  response.withheld = is_empty;
  if (!is_empty && response.games.empty() && total_count != "0") {
    return tl::unexpected(std::string("a response that counts games and has none"));
  }
  return response;
}

std::uint64_t Parser::repaired() const {
  return reader_->repaired();
}

void AppendWithFields(std::string& out, std::string_view object, bool has_clash,
                      const std::vector<Field>& fields) {
  const std::size_t start = out.size();
  if (has_clash) {
    const simdjson::padded_string copy(object);
    ondemand::parser parser;
    ondemand::document document = parser.iterate(copy);
    out += '{';
    for (auto field : document.get_object()) {
      const std::string name(std::string_view(field.unescaped_key()));
      std::string_view json;
      if (RawJson(field.value(), json)) continue;
      const auto added = [&](const Field& f) { return f.name == name; };
      if (std::any_of(fields.begin(), fields.end(), added)) continue;
      if (out.size() > start + 1) out += ',';
      AppendJsonString(out, name);
      out += ':';
      out += json;
    }
  } else {
    out += Trim(object.substr(0, object.size() - 1));  // without the closing brace
  }
  for (const Field& field : fields) {
    if (out.size() > start + 1) out += ',';
    out += '"';
    out += field.name;
    out += "\":";
    out += field.json;
  }
  out += '}';
}

}  // namespace steamflow::steam_api
