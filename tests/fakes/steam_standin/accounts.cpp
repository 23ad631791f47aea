#include "steam_standin/accounts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "steam_standin/mix.h"

namespace steamflow::standin {
namespace {

// JSON text without its quotes, like the names of games.
constexpr std::array<std::string_view, 16> kPersonaNames{
    "Robin",
    "김철수",
    "🎮 GamerKim 🎮",
    "xX_\\\"Sn1per\\\"_Xx",
    "C:\\\\Users\\\\me",
    "\\ud55c\\uad6d\\uc0ac\\ub78c",
    "\\ud83d\\udc80\\ud83d\\udd25",
    "Ärger & Öl <b>",
    "',DROP TABLE--",
    "مرحبا",
    "さくら",
    "player\\twith\\ttabs",
    " ",
    "\\u200b",
    "👨‍👩‍👧‍👦",
    "a name of thirty-two characters.",
};
constexpr std::array<std::string_view, 4> kRealNames{"Jane Doe", "홍길동", "J\\u00fcrgen",
                                                     "한 🙂"};
constexpr std::array<std::string_view, 4> kCountries{"KR", "US", "DE", "BR"};

void AppendNumber(std::string& json, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  json.append(digits.data(), end);
}

void AppendField(std::string& json, std::string_view quoted_name, std::uint64_t number) {
  json += quoted_name;
  AppendNumber(json, number);
}

/// Returns the 40 hexadecimal digits by which Steam names a picture.
std::array<char, 40> PictureHash(std::uint64_t seed) {
  std::array<char, 40> text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 16 == 0) seed = Mix(seed);
    text[i] = "0123456789abcdef"[(seed >> (4 * (i % 16))) & 15];
  }
  return text;
}

void AppendAvatars(std::string& json, std::uint64_t hash) {
  const auto picture = PictureHash(hash);
  const std::string_view name(picture.data(), picture.size());
  constexpr std::string_view kHost = R"("https://avatars.steamstatic.com/)";
  json.append(R"(,"avatar":)").append(kHost).append(name).append(R"(.jpg")");
  json.append(R"(,"avatarmedium":)").append(kHost).append(name).append(R"(_medium.jpg")");
  json.append(R"(,"avatarfull":)").append(kHost).append(name).append(R"(_full.jpg")");
  json.append(R"(,"avatarhash":")").append(name).append(R"(")");
}

void AppendGame(std::string& json, const Game& game, std::uint64_t hash) {
  const auto recent = hash % 10'000;
  const auto forever = recent + (hash >> 16) % 200'000;
  const auto picture = PictureHash(game.appid);
  AppendField(json, R"({"appid":)", game.appid);
  if (!game.name.empty()) json.append(R"(,"name":")").append(game.name).append(R"(")");
  AppendField(json, R"(,"playtime_2weeks":)", recent);
  AppendField(json, R"(,"playtime_forever":)", forever);
  json.append(R"(,"img_icon_url":")").append(picture.data(), picture.size()).append(R"(")");
  AppendField(json, R"(,"playtime_windows_forever":)", forever - recent / 2);
  AppendField(json, R"(,"playtime_mac_forever":)", recent / 4);
  AppendField(json, R"(,"playtime_linux_forever":)", recent / 4);
  AppendField(json, R"(,"playtime_deck_forever":)", hash % 3 == 0 ? recent / 8 : 0);
  json += '}';
}

}  // namespace

std::uint64_t CanonicalSteamId(std::uint64_t steam_id) {
  const auto universe_and_type = steam_id >> 52;
  const auto account = steam_id & 0xffffffffu;
  if (universe_and_type != kSteamIdBase >> 52 || account == 0) return 0;
  return kSteamIdBase + account;
}

Account Accounts::AccountOf(std::uint64_t steam_id) const {
  const auto id = CanonicalSteamId(steam_id);
  if (id == 0) return Account::kAbsent;
  if (population_ == Population::kEveryPlayer) return Account::kPublic;
  const auto percent = Mix(id) % 100;
  if (percent < 40) return Account::kAbsent;
  if (percent < 42) return Account::kDeleted;
  if (percent < 77) return Account::kPrivate;
  return Account::kPublic;
}

GamesShown Accounts::GamesShownOf(std::uint64_t steam_id) const {
  if (AccountOf(steam_id) != Account::kPublic) return GamesShown::kWithheld;
  if (population_ == Population::kEveryPlayer) return GamesShown::kSome;
  const auto part = Mix(CanonicalSteamId(steam_id)) / 100 % 30;
  if (part < 10) return GamesShown::kNone;
  return part < 12 ? GamesShown::kWithheld : GamesShown::kSome;
}

std::vector<Game> Accounts::RecentGames(std::uint64_t steam_id) const {
  std::vector<Game> games;
  if (GamesShownOf(steam_id) != GamesShown::kSome) return games;
  const auto hash = Mix(Mix(CanonicalSteamId(steam_id)));
  const auto count = 1 + hash % 5;
  // The catalogue has 2^n games, so any odd step visits each of them once.
  const auto step = 2 * (hash >> 32) + 1;
  for (std::uint64_t i = 0; i < count; ++i) games.push_back(GameAt((hash >> 8) + i * step));
  return games;
}

std::string Accounts::PlayerSummaries(std::span<const std::uint64_t> steam_ids) const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> players;  // hash, id
  players.reserve(steam_ids.size());
  for (const auto steam_id : steam_ids) {
    const auto id = CanonicalSteamId(steam_id);
    if (AccountOf(id) != Account::kAbsent) players.emplace_back(Mix(id), id);
  }
  std::sort(players.begin(), players.end());
  players.erase(std::unique(players.begin(), players.end()), players.end());

  std::string json = R"({"response":{"players":[)";
  json.reserve(64 + 750 * players.size());
  for (const auto& [hash, id] : players) {
    if (json.back() != '[') json += ',';
    AppendPlayer(json, id, hash);
  }
  return json += "]}}";
}

void Accounts::AppendPlayer(std::string& json, std::uint64_t steam_id, std::uint64_t hash) const {
  const auto account = AccountOf(steam_id);
  if (account == Account::kDeleted) {
    json += "{}";
    return;
  }
  const bool is_public = account == Account::kPublic;
  const auto bits = Mix(hash);
  const bool every_player = population_ == Population::kEveryPlayer;
  const auto has = [&](unsigned bit) {
    return every_player || (is_public && (bits >> bit & 1) != 0);
  };

  AppendField(json, R"({"steamid":")", steam_id);
  AppendField(json, R"(","communityvisibilitystate":)", is_public ? 3 : 1);
  if (is_public || bits % 4 != 0) json += R"(,"profilestate":1)";
  const auto persona_name = kPersonaNames[bits % kPersonaNames.size()];
  json.append(R"(,"personaname":")").append(persona_name).append(R"(")");
  if (has(8)) json += R"(,"commentpermission":1)";
  AppendField(json, R"(,"profileurl":"https://steamcommunity.com/profiles/)", steam_id);
  json += R"(/")";
  AppendAvatars(json, hash);
  if (has(9)) AppendField(json, R"(,"lastlogoff":)", 1'700'000'000 + bits % 60'000'000);
  AppendField(json, R"(,"personastate":)", is_public ? (bits >> 4) % 7 : 0);
  if (has(10)) {
    json.append(R"(,"realname":")").append(kRealNames[bits % kRealNames.size()]).append(R"(")");
  }
  if (is_public) {
    AppendField(json, R"(,"primaryclanid":")", 103582791429521408u + bits % 50'000'000);
    AppendField(json, R"(","timecreated":)", 1'063'000'000 + bits % 600'000'000);
    json += R"(,"personastateflags":0)";
  }
  if (has(11) && !every_player) {  // few are in a game
    const auto& game = GameAt(bits >> 16);
    if (!game.name.empty()) {
      json.append(R"(,"gameextrainfo":")").append(game.name).append(R"(")");
    }
    AppendField(json, R"(,"gameid":")", game.appid);
    json += '"';
  }
  if (has(12)) {
    const auto country = kCountries[bits % kCountries.size()];
    json.append(R"(,"loccountrycode":")").append(country).append(R"(")");
    if (has(13) && !every_player) json += R"(,"locstatecode":"11")";
    if (has(14) && !every_player) AppendField(json, R"(,"loccityid":)", bits % 60'000);
  }
  json += '}';
}

std::string Accounts::RecentlyPlayedGames(std::uint64_t steam_id, std::uint32_t count) const {
  switch (GamesShownOf(steam_id)) {
    case GamesShown::kWithheld:
      return R"({"response":{}})";
    case GamesShown::kNone:
      return R"({"response":{"total_count":0}})";
    case GamesShown::kSome:
      break;
  }
  const auto games = RecentGames(steam_id);
  const auto shown = count == 0 ? games.size() : std::min<std::size_t>(count, games.size());
  std::string json;
  AppendField(json, R"({"response":{"total_count":)", games.size());
  json += R"(,"games":[)";
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) json += ',';
    AppendGame(json, games[i], Mix(CanonicalSteamId(steam_id) ^ games[i].appid));
  }
  return json += "]}}";
}

}  // namespace steamflow::standin
