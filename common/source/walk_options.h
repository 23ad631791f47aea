#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "walk_grid.h"

namespace steamflow {

class Flags;
class Stop;

// The flags of a task that walks Steam ids downward, in blocks of `count` ids that begin at
// `start_id`.
struct WalkOptions {
  std::string cursor_key;      // the key in Redis for the task's default topic
  std::string topic;           // the default topic; another topic gets a cursor of its own
  std::uint64_t start_id = 0;  // the first id of a pass
  std::uint64_t count = 100;   // ids a run
  std::string shard;           // "I/N": the blocks I, I+N ... of the grid; empty = all
  bool wrap = false;           // begin a new pass at the end of the walk
  bool no_cursor = false;      // ask for the same block, from start_id, in every run
  std::string ids;             // a file with the ids to ask for instead of a block; empty = none

  // Adds the flags. Their defaults are the current values of the members.
  void AddTo(const Flags& flags);
  // Whether the run continues a walk and moves its cursor.
  bool HasCursor() const { return !no_cursor && ids.empty(); }
  WalkGrid Grid() const;
  // Reads the ids that --ids names, or returns nullopt without that flag. Throws TaskError: kUsage
  // if the file cannot be read; kData, with the number of the line, if a line is not an id; and as
  // ReadStdin does.
  std::optional<std::vector<std::uint64_t>> ReadIds(const Stop& stop) const;
};

}  // namespace steamflow
