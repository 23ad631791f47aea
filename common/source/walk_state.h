#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "key_store.h"
#include "shard.h"
#include "walk_grid.h"

namespace steamflow {

// The keys of a walk in Redis. The cursor key of a shard ends with ":I/N", and the names of its
// other keys begin with the cursor's; only the grid is shared by all shards.
struct WalkKeys {
  WalkKeys(const std::string& base, const Shard& shard);

  std::string cursor;    // the next id to fetch, in decimal
  std::string pass;      // the name of the pass (walk_pass.h)
  std::string reach;     // "<id>": runs of this pass have asked only for ids above this one; for a
                         // shard "<id>/<grid>", with the grid that the shard walks on
  std::string failures;  // a hash (failure_counts.h)
  std::string grid;      // "<start-id>/<count>/<N>"; set while the walk is sharded

  // Returns "delete ... to begin a new pass", for error messages. Names the grid's key too if this
  // is a shard, or if `may_be_grid` says that the grid may hold the malformed value.
  std::string HowToBegin(bool may_be_grid = false) const;
};

// The state of a walk in Redis, read in one step and checked against the settings of a run.
class WalkState {
 public:
  // Throws TaskError: kTransient if Redis fails; kData if a key holds a malformed value, or if
  // these settings would skip ids of the pass that is under way. The message says which keys to
  // delete.
  WalkState(KeyStore& store, const std::string& base_key, const WalkGrid& grid);

  const WalkKeys& keys() const { return keys_; }
  // The values of all keys that were read, for a later compare-and-set.
  const KeyValues& texts() const { return held_.texts; }
  const std::map<std::string, std::string>& failures() const { return held_.fields; }

  const std::optional<std::uint64_t>& cursor() const { return cursor_; }
  const std::optional<std::string>& pass() const { return held_.texts.at(keys_.pass); }
  // Returns whether no run of this pass has asked for `id` or an id below it. Returns false if this
  // is unknown, because Redis has lost the key.
  bool IsUntouchedFrom(std::uint64_t id) const { return reach_ && id <= *reach_; }
  // The name of the latest pass that any id of this walk may have been in, in any shard; empty if
  // there was none.
  const std::string& latest_pass() const { return latest_pass_; }

  // Adds the reach to `wanted`, lowered to the end of `block`. `is_new_pass` says that the run
  // begins a new pass, so that the old reach does not count.
  void AddReach(KeyValues& wanted, const Block& block, bool is_new_pass) const;
  // Adds this run's grid to `wanted`. If `is_new_pass`, it replaces the grid of the last pass, and
  // the other shards begin a new pass as well.
  void AddGrid(KeyValues& wanted, bool is_new_pass) const;

 private:
  // The next functions read and check one part of the state each. They throw TaskError (kData) with
  // a message that says how to repair it.
  void Read(KeyStore& store);
  void CheckOtherGrid(const std::string& text) const;
  void CheckBase() const;
  void ReadReach();
  void ReadLatestPass();
  std::optional<std::uint64_t> CursorOf(const WalkKeys& keys) const;
  bool IsOver(const WalkKeys& keys, const WalkGrid& grid) const;

  const std::string base_key_;
  const WalkGrid grid_;
  const WalkKeys keys_;
  // All keys as they were read in one step. The members below are parsed from it.
  Snapshot held_;
  std::optional<std::uint64_t> cursor_;
  std::optional<std::uint64_t> reach_;
  std::string latest_pass_;
};

}  // namespace steamflow
