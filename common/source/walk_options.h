#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "walk_grid.h"

namespace steamflow {

class Flags;
class Stop;

// The flags of a task that walks Steam ids downward, in blocks of `count` ids on a grid that
// `start_id` fixes.
struct WalkOptions {
  std::string cursor_key;      // in Redis
  std::string topic;           // the task's own; with another one the key is another too
  std::uint64_t start_id = 0;  // the first id of a pass
  std::uint64_t count = 100;   // ids a run
  std::string shard;           // "I/N": the blocks I, I+N ... of the grid; empty = all
  bool wrap = false;           // at the end, begin a new pass
  bool no_cursor = false;      // the same block from start_id on every run
  std::string ids;             // a file of ids in place of a block; empty = none

  void AddTo(const Flags& flags);
  bool HasCursor() const { return !no_cursor && ids.empty(); }
  WalkGrid Grid() const;
  // The ids of --ids, none without it. Throws TaskError: kUsage where the file cannot be read,
  // kData that names the line where it holds anything else, and as ReadStdin does.
  std::optional<std::vector<std::uint64_t>> ReadIds(const Stop& stop) const;
};

}  // namespace steamflow
