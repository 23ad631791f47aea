#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "shard.h"
#include "steam_urls.h"

namespace steamflow {

// The cursor of a walk that is over.
inline constexpr std::uint64_t kWalkEnd = steam_api::kLowestId - 1;

// One run's ids, from `first` downward.
struct Block {
  std::uint64_t first = 0;
  std::uint64_t size = 0;  // 0 at the end of the id range
  std::uint64_t next = 0;  // the cursor once all of it is done

  // The id after its last one.
  std::uint64_t end() const { return first - size; }
};

// How a walk is cut into blocks of `count` ids, from `start_id` downward, of which a shard takes
// every N-th.
struct WalkGrid {
  std::uint64_t start_id = 0;
  std::uint64_t count = 0;
  Shard shard;

  // Where the shard begins; the end of the walk where it has no block.
  std::uint64_t First() const;
  // Whether a cursor of the shard can stand there: in one of its blocks, or at the end.
  bool Holds(std::uint64_t cursor) const;
  // The block at a cursor that the grid holds, or what is left of it.
  Block BlockAt(std::uint64_t cursor) const;

  // "<start-id>/<count>/<N>": what the shards of a pass have in common.
  std::string Text() const;
};

// A grid by its text, as its first shard.
std::optional<WalkGrid> ParseWalkGrid(const std::string& text);

}  // namespace steamflow
