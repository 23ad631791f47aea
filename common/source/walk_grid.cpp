#include "walk_grid.h"

#include <fmt/format.h>

#include <algorithm>

#include "parse_number.h"

namespace steamflow {
namespace {

using steam_api::kHighestId;
using steam_api::kLowestId;

// Returns `id` minus `distance`, but not less than the end of the walk.
std::uint64_t Down(std::uint64_t id, std::uint64_t distance) {
  return id - std::min(distance, id - kWalkEnd);
}

}  // namespace

std::uint64_t WalkGrid::First() const {
  return Down(start_id, shard.index * count);
}

bool WalkGrid::Holds(std::uint64_t cursor) const {
  if (!shard.is_sharded || cursor == kWalkEnd) return true;
  return cursor <= start_id && (start_id - cursor) / count % shard.count == shard.index;
}

Block WalkGrid::BlockAt(std::uint64_t cursor) const {
  const std::uint64_t inside = shard.is_sharded ? (start_id - cursor) % count : 0;
  return {cursor, cursor - Down(cursor, count - inside),
          Down(cursor, shard.count * count - inside)};
}

std::string WalkGrid::Text() const {
  return fmt::format("{}/{}/{}", start_id, count, shard.count);
}

std::optional<WalkGrid> ParseWalkGrid(const std::string& text) {
  const auto first = text.find('/');
  const auto second = text.find('/', std::min(first, text.size() - 1) + 1);
  if (first == std::string::npos || second == std::string::npos) return std::nullopt;
  const auto start_id = ParseNumber<std::uint64_t>(text.substr(0, first));
  const auto count = ParseNumber<std::uint64_t>(text.substr(first + 1, second - first - 1));
  const auto shard = ParseShard("0" + text.substr(second));
  if (!start_id || *start_id < kLowestId || *start_id > kHighestId) return std::nullopt;
  if (!count || *count == 0 || !shard) return std::nullopt;
  return WalkGrid{*start_id, *count, *shard};
}

}  // namespace steamflow
