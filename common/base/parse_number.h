#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace steamflow {

// The whole number that `text` is, in decimal digits; a minus before them where `Number` has one.
// Nothing where anything else is in it, a blank or a plus too, or where it is out of range.
template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

}  // namespace steamflow
