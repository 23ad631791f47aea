#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Builds the addresses of the Steam Web API methods that the tasks call. They do not contain the
// API key, which is sent in a header and so stays out of logs. No I/O. Source:
// partner.steamgames.com/doc/webapi.
namespace steamflow::steam_api {

// The lowest and the highest SteamID64 of an individual account: a base plus a 32-bit account
// number that starts at 1.
inline constexpr std::uint64_t kLowestId = 76561197960265729;
inline constexpr std::uint64_t kHighestId = 76561202255233023;

// `base` is the address of the API without a slash at its end.
std::string PlayerCountUrl(const std::string& base, std::uint32_t appid);
std::string RecentlyPlayedUrl(const std::string& base, std::uint64_t steamid);
// The API takes at most 100 ids in one call.
std::string PlayerSummariesUrl(const std::string& base, const std::vector<std::uint64_t>& steamids);
// Asks for the newest `count` items; if `enddate` (epoch seconds) is above 0, for the newest of
// those that are older than it.
std::string NewsUrl(const std::string& base, std::uint32_t appid, std::size_t count,
                    std::int64_t enddate);

}  // namespace steamflow::steam_api
