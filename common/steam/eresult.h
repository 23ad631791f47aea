#pragma once

#include <map>
#include <optional>
#include <string>

// What service methods (IPlayerService and the like) say in headers only: their errors come with
// status 200 and an empty response. Source: partner.steamgames.com/doc/webapi_overview/responses.
namespace steamflow::steam_api {

inline constexpr char kEResultHeader[] = "x-eresult";
inline constexpr char kErrorMessageHeader[] = "x-error_message";

// Why a response without data is an error. Nothing if it says in this way that there is no data:
// with EResult 1 (OK), 15 (access denied: the profile is private), or without one. Ask only about
// responses without data: one with data is valid whatever its headers say.
std::optional<std::string> ErrorWithoutData(const std::map<std::string, std::string>& headers);

}  // namespace steamflow::steam_api
