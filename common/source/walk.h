#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "redis_client.h"
#include "run.h"
#include "shard.h"

namespace steamflow {

class Flags;

// The flags of a task that walks Steam ids downward, in blocks of `count` ids on a grid that
// `start_id` fixes.
struct WalkOptions {
  std::string cursor_key;      // in Redis
  std::uint64_t start_id = 0;  // the first id of a pass
  std::uint64_t count = 100;   // ids a run
  std::string shard;           // "I/N": the blocks I, I+N ... of the grid; empty = all
  bool wrap = false;           // at the end, begin a new pass
  bool no_cursor = false;      // the same block from start_id on every run

  void AddTo(const Flags& flags);
};

// One run's ids, from `first` downward.
struct Block {
  std::uint64_t first = 0;
  std::uint64_t size = 0;  // 0 at the end of the id range
  std::uint64_t next = 0;  // the cursor once all of it is done
};

// The block at `cursor`. Throws TaskError (kData) where a shard's cursor lies in a block of another
// shard: --count, --start-id or the number of shards was changed in the middle of a pass.
Block BlockAt(const WalkOptions& options, const Shard& shard, std::uint64_t cursor);

// The state of a walk in Redis: the cursor, the pass, and the ids whose calls have failed.
//
// The cursor is a decimal string, the next id to fetch; it moves by compare-and-set only. Beside it
// stand `<key>:pass`, the logical minute in which this pass began, and the hash `<key>:failures`.
class Walk {
 public:
  // Without Redis (`redis` null) the walk is a fixed block at start_id. With `read_only` nothing is
  // written, as for --dry-run and the sinks that move no cursor. Throws TaskError: kSkipped at the
  // end of the range, kData for garbage in Redis.
  Walk(const WalkOptions& options, Run& run, RedisClient* redis, bool read_only);

  const Block& block() const { return block_; }
  std::uint64_t Id(std::uint64_t item) const { return block_.first - item; }
  std::uint64_t Item(std::uint64_t id) const { return block_.first - id; }
  bool Contains(std::uint64_t id) const {
    return id <= block_.first && block_.first - id < block_.size;
  }

  // What stands in event ids between topic and steamid: the minute in which this pass of the walk
  // began, or of a fixed block the logical minute.
  const std::string& pass() const { return pass_; }

  // In how many runs the call for `id` has failed so far, and one run more. From the fifth on the
  // id is to be passed. CountFailure throws TaskError.
  int Failures(std::uint64_t id) const;
  int CountFailure(std::uint64_t id);

  // Moves the cursor over the first `done` items and fills in the result. A run that has lost the
  // race leaves the cursor alone. Throws TaskError.
  void Advance(std::uint64_t done);

 private:
  void ReadState();
  void SetPass();
  bool StartNewPass(std::uint64_t begin);

  const WalkOptions options_;
  const Shard shard_;
  Run& run_;
  RedisClient* const redis_;
  const bool read_only_;
  std::string key_;
  std::optional<std::string> cursor_;  // as read; nothing = missing
  std::string pass_;
  std::map<std::string, int> failures_;
  Block block_;
};

inline constexpr int kFailuresBeforePassing = 5;

}  // namespace steamflow
