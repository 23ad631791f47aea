#include "steam_standin/apps.h"

#include <array>

#include "steam_standin/mix.h"

namespace steamflow::standin {
namespace {

// Names in several scripts, in plain UTF-8 and as escapes, with characters that careless code does
// not escape.
constexpr std::array<Game, kGameCount> kGames{{
    {582010, "Monster Hunter: World"},
    {1245620, "ELDEN RING"},
    {1623730, "Palworld / 팰월드"},
    {730, "Counter-Strike 2"},
    {570, "Dota 2"},
    {440, ""},
    {578080, "배틀그라운드"},
    {271590, "Grand Theft Auto V"},
    {1086940, "Baldur's Gate 3"},
    {359550, "Tom Clancy's Rainbow Six\\u00ae Siege"},
    {1172470, "Apex Legends™"},
    {413150, "Stardew Valley 🌾"},
    {1203220, "永劫无间"},
    {2358720, "\\u9ed1\\u795e\\u8bdd\\uff1a\\u609f\\u7a7a \\ud83d\\udc12"},
    {753640, "\\\"Outer\\\" Wilds \\\\ <i>&amp;</i>"},
    {12210, ""},
}};

}  // namespace

bool AppExists(std::uint32_t appid) {
  return appid != 0 && appid % 1000 != 404;
}

std::optional<std::uint32_t> PlayerCount(std::uint32_t appid) {
  if (!AppExists(appid)) return std::nullopt;
  if (appid % 1000 == 300) return 0;
  return static_cast<std::uint32_t>(1 + Mix(appid) % 250'000);
}

std::string NumberOfCurrentPlayers(std::uint32_t appid) {
  const auto count = PlayerCount(appid);
  if (!count) return R"({"response":{"result":42}})";
  return R"({"response":{"player_count":)" + std::to_string(*count) + R"(,"result":1}})";
}

const Game& GameAt(std::uint64_t index) {
  return kGames[index % kGameCount];
}

}  // namespace steamflow::standin
