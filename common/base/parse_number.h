#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace steamflow {

// Parses a whole decimal number, with a leading minus if `Number` is signed. Returns nullopt if the
// text is empty, contains anything else (a blank or a plus sign included), or is out of range.
template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

}  // namespace steamflow
