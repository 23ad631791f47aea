#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "key_store.h"
#include "shard.h"
#include "walk_grid.h"

namespace steamflow {

// The keys of a walk in Redis. A shard's have ":I/N" after the cursor's; the grid is that of all.
struct WalkKeys {
  WalkKeys(const std::string& base, const Shard& shard);

  std::string cursor;    // a decimal string, the next id to fetch
  std::string pass;      // its name (walk_pass.h)
  std::string reach;     // "<id>": all that runs of this pass have asked for lies above; of a shard
                         // "<id>/<grid>", the grid that this is on
  std::string failures;  // hash (failure_counts.h)
  std::string grid;      // "<start-id>/<count>/<N>", where shards walk

  // "delete ..., to begin a new pass". The grid is among them where shards walk, or where it may be
  // what holds garbage.
  std::string HowToBegin(bool may_be_grid = false) const;
};

// What Redis holds of a walk, read in one step and checked against the settings of a run.
class WalkState {
 public:
  // Throws TaskError: kTransient; kData where a key holds garbage, or where ids of the pass that is
  // under way would be skipped with these settings. The message says which keys to delete.
  WalkState(KeyStore& store, const std::string& base_key, const WalkGrid& grid);

  const WalkKeys& keys() const { return keys_; }
  // Every text that was read.
  const KeyValues& texts() const { return held_.texts; }
  const std::map<std::string, std::string>& failures() const { return held_.fields; }

  const std::optional<std::uint64_t>& cursor() const { return cursor_; }
  const std::optional<std::string>& pass() const { return held_.texts.at(keys_.pass); }
  // Whether runs of this pass have asked for nothing from `id` on; not where that is not known, as
  // Redis has dropped the key.
  bool IsUntouchedFrom(std::uint64_t id) const { return reach_ && id <= *reach_; }
  // The name of the latest pass that any of this walk's ids may have been in; empty where none.
  const std::string& latest_pass() const { return latest_pass_; }

  // Adds to `wanted` how far a run of this block goes, in this pass or as the first of a new one.
  void AddReach(KeyValues& wanted, const Block& block, bool is_new_pass) const;
  // Adds to `wanted` what makes this run's grid that of the walk, in place of one that is over.
  void AddGrid(KeyValues& wanted, bool is_new_pass) const;

 private:
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
  Snapshot held_;
  std::optional<std::uint64_t> cursor_;
  std::optional<std::uint64_t> reach_;
  std::string latest_pass_;
};

}  // namespace steamflow
