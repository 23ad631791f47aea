#pragma once

#include <map>
#include <optional>
#include <string>

// Service methods such as those of IPlayerService report errors in headers only: the status is 200
// and the response is empty. Source: partner.steamgames.com/doc/webapi_overview/responses.
namespace steamflow::steam_api {

inline constexpr char kEResultHeader[] = "x-eresult";
inline constexpr char kErrorMessageHeader[] = "x-error_message";

// Returns the error that the headers of a response without data report, as a sentence. Returns
// nullopt if there simply is no data: the EResult is 1 (OK) or 15 (access denied, so the profile is
// private), or the header is missing. Call this only for responses without data; a response with
// data is valid whatever its headers say.
std::optional<std::string> ErrorWithoutData(const std::map<std::string, std::string>& headers);

}  // namespace steamflow::steam_api
