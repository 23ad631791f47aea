#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "shard.h"
#include "steam_urls.h"

namespace steamflow {

// The value of the cursor when a walk has come to its end.
inline constexpr std::uint64_t kWalkEnd = steam_api::kLowestId - 1;

// The ids of one run, from `first` downward.
struct Block {
  std::uint64_t first = 0;
  std::uint64_t size = 0;  // 0 at the end of the id range
  std::uint64_t next = 0;  // where the cursor stands once the whole block is done

  // Returns the first id below the block.
  std::uint64_t end() const { return first - size; }
};

// Divides a walk into blocks of `count` ids, from `start_id` downward. A shard takes every N-th
// block.
struct WalkGrid {
  std::uint64_t start_id = 0;
  std::uint64_t count = 0;
  Shard shard;

  // Returns the first id of the shard, or kWalkEnd if the shard has no blocks.
  std::uint64_t First() const;
  // Returns whether `cursor` is valid for the shard: in one of its blocks, or at the end of the
  // walk.
  bool Holds(std::uint64_t cursor) const;
  // Returns the rest of the block from `cursor` on. Holds(cursor) must be true.
  Block BlockAt(std::uint64_t cursor) const;

  // Returns "<start-id>/<count>/<N>", which is the same for all shards of a pass.
  std::string Text() const;
};

// Parses WalkGrid::Text and returns the grid of the first shard, or nullopt if the text is
// malformed.
std::optional<WalkGrid> ParseWalkGrid(const std::string& text);

}  // namespace steamflow
