#pragma once

#include <cstdint>
#include <string>

#include "failure_counts.h"
#include "item_ids.h"
#include "key_store.h"
#include "run.h"
#include "walk_options.h"
#include "walk_state.h"

namespace steamflow {

// The ids of a run, and their place in the walk.
//
// The run sets cursor, pass and grid together in Redis before it asks the API for anything. This
// settles the event ids of its records, so a later run that repeats the ids uses the same ones,
// however this run ends. Every change is a compare-and-set against what the run has read. If
// another run was faster, this run reads the state again and starts over; if it has delivered
// records by then, it leaves the cursor alone.
class Walk {
 public:
  // Chooses the ids of the run: the `listed` ids if there are any; the first block if the options
  // have no cursor or `store` is null; otherwise the next block of the walk that `store` holds.
  // With `read_only` nothing is written, which is for --dry-run and for sinks that move no cursor.
  // `now` is the clock's time. `run` and `store` must outlive this object. Throws TaskError:
  // kSkipped at the end of the id range, and as WalkState does.
  Walk(const WalkOptions& options, const std::optional<std::vector<std::uint64_t>>& listed,
       const std::string& topic, Run& run, KeyStore* store, bool read_only, Instant now);

  const ItemIds& ids() const { return ids_; }
  // The name of the pass (walk_pass.h). For listed ids and fixed blocks, the logical minute.
  const std::string& pass() const { return pass_; }
  // Returns "<topic>/<pass>/<steamid>".
  std::string EventId(std::uint64_t item) const;

  FailureCounts& failures() { return failures_; }
  const FailureCounts& failures() const { return failures_; }
  // Returns the id of a witness (see Witnesses), which lies far from the ids of this run. Each
  // `number` from 0 up gives another id.
  std::uint64_t WitnessId(std::uint64_t number) const;

  // Returns whether this run moves a cursor.
  bool HasPlace() const { return !place_.empty(); }

  // Returns whether no other run has moved the walk since this one began. Throws TaskError.
  bool IsCurrent();

  // Moves the cursor over the first `done` items, stores the failure counts, and adds the cursor to
  // the run's result. Changes nothing in Redis if another run has moved the walk. Throws TaskError.
  void Advance(std::uint64_t done);

 private:
  // Chooses the block and writes cursor, pass and grid. Returns false if another run was faster.
  bool TryBegin(const WalkOptions& options);
  [[noreturn]] void RefuseAhead(const std::string& pass) const;

  const std::string topic_;
  Run& run_;
  KeyStore* const store_;
  const bool read_only_;
  const Instant now_;
  // The blocks of this shard, and the keys of its state in Redis.
  const WalkGrid grid_;
  const std::string base_key_;
  const WalkKeys keys_;
  std::string pass_;
  Block block_;
  ItemIds ids_{0, 0};
  FailureCounts failures_;
  KeyValues place_;  // cursor, pass and grid as this run found or set them; empty = no cursor
};

}  // namespace steamflow
