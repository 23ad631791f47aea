#include "eresult.h"

#include <fmt/format.h>

namespace steamflow::steam_api {
namespace {
constexpr std::size_t kLongestShown = 200;
}  // namespace

std::optional<std::string> ErrorWithoutData(const std::map<std::string, std::string>& headers) {
  const auto result = headers.find(kEResultHeader);
  if (result == headers.end() || result->second == "1" || result->second == "15")
    return std::nullopt;
  const auto message = headers.find(kErrorMessageHeader);
  return fmt::format(
      "an empty response with {} {}{}", kEResultHeader, result->second.substr(0, kLongestShown),
      message == headers.end() ? ""
                               : fmt::format(" ({})", message->second.substr(0, kLongestShown)));
}

}  // namespace steamflow::steam_api
