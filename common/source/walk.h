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
// Cursor, pass and grid are set together, before the run asks for anything; from then on event ids
// stand, whatever becomes of the run. All of it moves by compare-and-set against what the run has
// read: where another run was faster, this one begins again, or once it has delivered leaves the
// cursor alone.
class Walk {
 public:
  // Of `listed` ids, where there are any, or of a fixed block, which need no state; else of the
  // next block of the walk in `store`, which may be null: then of the first one. With `read_only`
  // nothing is written, as for --dry-run and the sinks that move no cursor. `now` is the clock's
  // time. Throws TaskError: kSkipped at the end of the range, and what WalkState throws.
  Walk(const WalkOptions& options, const std::optional<std::vector<std::uint64_t>>& listed,
       const std::string& topic, Run& run, KeyStore* store, bool read_only, Instant now);

  const ItemIds& ids() const { return ids_; }
  // The name of the pass, or of a fixed block the logical minute.
  const std::string& pass() const { return pass_; }
  // "<topic>/<pass>/<steamid>"
  std::string EventId(std::uint64_t item) const;

  FailureCounts& failures() { return failures_; }
  const FailureCounts& failures() const { return failures_; }
  // An id elsewhere, by a number: its call tells whether the API is well.
  std::uint64_t WitnessId(std::uint64_t number) const;

  // Whether this run moves a cursor.
  bool HasPlace() const { return !place_.empty(); }

  // Whether no other run has moved the walk since this one began. Throws TaskError.
  bool IsCurrent();

  // Moves the cursor over the first `done` items, notes the failures, and fills in the result. A
  // run that has lost the race changes nothing. Throws TaskError.
  void Advance(std::uint64_t done);

 private:
  bool TryBegin(const WalkOptions& options);
  [[noreturn]] void RefuseAhead(const std::string& pass) const;

  const std::string topic_;
  Run& run_;
  KeyStore* const store_;
  const bool read_only_;
  const Instant now_;
  const WalkGrid grid_;
  const std::string base_key_;
  const WalkKeys keys_;
  std::string pass_;
  Block block_;
  ItemIds ids_{0, 0};
  FailureCounts failures_;
  KeyValues place_;  // cursor, pass and grid as this run has found or set them
};

}  // namespace steamflow
