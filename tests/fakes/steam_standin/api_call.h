#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace steamflow::standin {

enum class Method {
  kNumberOfCurrentPlayers,
  kRecentlyPlayedGames,
  kPlayerSummaries,
  kNewsForApp,
};

struct MethodInfo {
  std::string_view name;
  std::string_view path;
  bool needs_key;
};

/// In the order of Method.
inline constexpr std::array<MethodInfo, 4> kMethods{{
    {"GetNumberOfCurrentPlayers", "/ISteamUserStats/GetNumberOfCurrentPlayers/v1", false},
    {"GetRecentlyPlayedGames", "/IPlayerService/GetRecentlyPlayedGames/v1", true},
    {"GetPlayerSummaries", "/ISteamUser/GetPlayerSummaries/v2", true},
    {"GetNewsForApp", "/ISteamNews/GetNewsForApp/v2", false},
}};

constexpr const MethodInfo& Info(Method method) {
  return kMethods[static_cast<std::size_t>(method)];
}

enum class KeyIn { kNone, kHeader, kQuery };

/// A request, as far as responses, faults and the journal need it. It does not contain the key.
struct ApiCall {
  Method method;
  std::vector<std::uint64_t> steam_ids = {};  // as sent, numbers only
  std::optional<std::uint32_t> appid = {};
  std::optional<std::uint32_t> count = {};
  std::optional<std::uint32_t> enddate = {};  // seconds since the Unix epoch
  KeyIn key_in = KeyIn::kNone;
  bool http2 = false;  // the client spoke HTTP/2 to the proxy in front
};

}  // namespace steamflow::standin
