#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// The addresses of the methods of the Steam Web API that the tasks call, without the key, and the
// ids that they take. Pure: no I/O. Source: partner.steamgames.com/doc/webapi.
namespace steamflow::steam_api {

// SteamID64 of individual accounts: a base plus a 32-bit account number that starts at 1.
inline constexpr std::uint64_t kLowestId = 76561197960265729;
inline constexpr std::uint64_t kHighestId = 76561202255233023;

std::string PlayerCountUrl(const std::string& base, std::uint32_t appid);
std::string RecentlyPlayedUrl(const std::string& base, std::uint64_t steamid);
// At most 100 ids.
std::string PlayerSummariesUrl(const std::string& base, const std::vector<std::uint64_t>& steamids);
// The newest `count` items, or with `enddate` > 0 the newest that are older than it (epoch
// seconds).
std::string NewsUrl(const std::string& base, std::uint32_t appid, std::size_t count,
                    std::int64_t enddate);

}  // namespace steamflow::steam_api
