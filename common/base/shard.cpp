#include "shard.h"

#include "parse_number.h"

namespace steamflow {
namespace {

constexpr std::uint64_t kMostShards = 10'000;

}  // namespace

std::optional<Shard> ParseShard(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto index = ParseNumber<std::uint64_t>(text.substr(0, slash));
  const auto count = ParseNumber<std::uint64_t>(text.substr(slash + 1));
  if (!index || !count || *index >= *count || *count > kMostShards) return std::nullopt;
  return Shard{*index, *count, true};
}

std::string CheckShard(const std::string& text) {
  return ParseShard(text) ? "" : "'" + text + "' is not I/N with I from 0 to N-1";
}

}  // namespace steamflow
