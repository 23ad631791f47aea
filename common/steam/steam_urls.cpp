#include "steam_urls.h"

#include <fmt/format.h>

namespace steamflow::steam_api {

std::string PlayerCountUrl(const std::string& base, std::uint32_t appid) {
  return fmt::format("{}/ISteamUserStats/GetNumberOfCurrentPlayers/v1/?appid={}", base, appid);
}

std::string RecentlyPlayedUrl(const std::string& base, std::uint64_t steamid) {
  return fmt::format("{}/IPlayerService/GetRecentlyPlayedGames/v1/?steamid={}", base, steamid);
}

std::string PlayerSummariesUrl(const std::string& base,
                               const std::vector<std::uint64_t>& steamids) {
  return fmt::format("{}/ISteamUser/GetPlayerSummaries/v2/?steamids={}", base,
                     fmt::join(steamids, ","));
}

std::string NewsUrl(const std::string& base, std::uint32_t appid, std::size_t count,
                    std::int64_t enddate) {
  std::string url = fmt::format("{}/ISteamNews/GetNewsForApp/v2/?appid={}&count={}&maxlength=0",
                                base, appid, count);
  if (enddate > 0) url += fmt::format("&enddate={}", enddate);
  return url;
}

}  // namespace steamflow::steam_api
