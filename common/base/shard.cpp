#include "shard.h"

#include <charconv>

namespace steamflow {
namespace {

constexpr std::uint64_t kMostShards = 10'000;

std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<Shard> ParseShard(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto index = ParseNumber(text.substr(0, slash));
  const auto count = ParseNumber(text.substr(slash + 1));
  if (!index || !count || *index >= *count || *count > kMostShards) return std::nullopt;
  return Shard{*index, *count, true};
}

std::string CheckShard(const std::string& text) {
  return ParseShard(text) ? "" : "'" + text + "' is not I/N with I from 0 to N-1";
}

}  // namespace steamflow
