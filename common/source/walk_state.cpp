#include "walk_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "parse_number.h"
#include "task_error.h"
#include "walk_pass.h"

namespace steamflow {
namespace {

using steam_api::kHighestId;

[[noreturn]] void Refuse(const std::string& message) {
  throw TaskError(ExitCode::kData, message);
}

[[noreturn]] void RefuseText(const std::string& key, const std::string& text,
                             const std::string& wanted, const WalkKeys& keys) {
  Refuse(fmt::format("{} in Redis holds '{}', which is not {}; {}", key, text, wanted,
                     keys.HowToBegin(key == keys.grid)));
}

// Returns the keys of every shard of a grid.
std::vector<WalkKeys> KeysOfShards(const std::string& base, const WalkGrid& grid) {
  std::vector<WalkKeys> keys;
  for (std::uint64_t i = 0; i < grid.shard.count; ++i) {
    keys.emplace_back(base, Shard{i, grid.shard.count, true});
  }
  return keys;
}

std::string FlagsOf(const WalkGrid& grid) {
  return fmt::format("--start-id {} --count {} --shard I/{}", grid.start_id, grid.count,
                     grid.shard.count);
}

}  // namespace

WalkKeys::WalkKeys(const std::string& base, const Shard& shard)
    : cursor(shard.is_sharded ? fmt::format("{}:{}/{}", base, shard.index, shard.count) : base),
      pass(cursor + ":pass"),
      reach(cursor + ":reach"),
      failures(cursor + ":failures"),
      grid(base + ":grid") {}

std::string WalkKeys::HowToBegin(bool may_be_grid) const {
  const bool names_grid = may_be_grid || grid != cursor + ":grid";
  return fmt::format("delete {}, {}, {}{} and {} to begin a new pass", cursor, pass, failures,
                     names_grid ? ", " + grid : "", reach);
}

WalkState::WalkState(KeyStore& store, const std::string& base_key, const WalkGrid& grid)
    : base_key_(base_key), grid_(grid), keys_(base_key, grid.shard) {
  try {
    Read(store);
  } catch (const TaskError& error) {
    if (error.code() != ExitCode::kData) throw;
    Refuse(fmt::format("{}; {}", error.what(), keys_.HowToBegin(true)));
  }
  cursor_ = CursorOf(keys_);
  const auto& grid_text = held_.texts.at(keys_.grid);
  if (grid_text && (!grid_.shard.is_sharded || *grid_text != grid_.Text())) {
    CheckOtherGrid(*grid_text);
  }
  if (grid_.shard.is_sharded) CheckBase();
  ReadReach();
  if (pass() && !IsPass(*pass())) {
    RefuseText(keys_.pass, *pass(), "a minute such as 2026-11-22T22:34Z", keys_);
  }
  ReadLatestPass();
}

// Reads all keys in one step, so that they belong together. Which keys are needed depends on the
// grid that Redis holds: if it is not this run's, the shards of both grids are needed as well. So
// this reads until the grid is the one for which the keys were chosen.
void WalkState::Read(KeyStore& store) {
  std::vector<std::string> keys{keys_.cursor, keys_.pass, keys_.reach, keys_.grid};
  if (grid_.shard.is_sharded) {
    const WalkKeys base(base_key_, {});
    keys.insert(keys.end(), {base.cursor, base.pass});
  }
  const std::size_t own = keys.size();
  const auto add_shards = [&](const WalkGrid& grid) {
    for (const WalkKeys& shard : KeysOfShards(base_key_, grid)) {
      keys.insert(keys.end(), {shard.cursor, shard.pass});
    }
  };
  const std::optional<std::string> wanted =
      grid_.shard.is_sharded ? std::optional(grid_.Text()) : std::nullopt;
  for (std::optional<std::string> known = wanted;;) {
    held_ = store.Read(keys, keys_.failures);
    const auto& held = held_.texts.at(keys_.grid);
    if (held == wanted || held == known) return;
    known = held;
    keys.resize(own);
    if (grid_.shard.is_sharded) add_shards(grid_);
    if (const auto other = ParseWalkGrid(held.value_or(""))) add_shards(*other);
  }
}

std::optional<std::uint64_t> WalkState::CursorOf(const WalkKeys& keys) const {
  const auto& text = held_.texts.at(keys.cursor);
  if (!text) return std::nullopt;
  const auto id = ParseNumber<std::uint64_t>(*text);
  if (!id || *id < kWalkEnd || *id > kHighestId) {
    RefuseText(keys.cursor, *text, fmt::format("an id from {} to {}", kWalkEnd, kHighestId), keys);
  }
  return id;
}

bool WalkState::IsOver(const WalkKeys& keys, const WalkGrid& grid) const {
  return CursorOf(keys).value_or(grid.First()) == kWalkEnd;
}

void WalkState::CheckOtherGrid(const std::string& text) const {
  const auto other = ParseWalkGrid(text);
  if (!other) {
    RefuseText(keys_.grid, text, "<start-id>/<count>/<shards>", keys_);
  }
  WalkGrid shard = *other;
  for (const WalkKeys& keys : KeysOfShards(base_key_, *other)) {
    if (!IsOver(keys, shard)) {
      const std::string any = fmt::format("{}:I/{}", base_key_, shard.shard.count);
      Refuse(fmt::format(
          "the walk {} is in the middle of a pass with {} ({} in Redis): finish that pass with the "
          "same, because other settings would skip some of its ids; to begin a new pass instead, "
          "delete {} "
          "and, for every I from 0 to {}, {}, {}:pass, {}:failures and {}:reach",
          base_key_, FlagsOf(*other), keys_.grid, keys_.grid, shard.shard.count - 1, any, any, any,
          any));
    }
    ++shard.shard.index;
  }
}

void WalkState::CheckBase() const {
  const WalkKeys base(base_key_, {});
  const auto cursor = CursorOf(base);
  if (!cursor || *cursor == kWalkEnd) return;
  Refuse(
      fmt::format("the walk {} is in the middle of a pass without shards, at {}: finish that pass "
                  "without --shard first, or {}",
                  base_key_, *cursor, base.HowToBegin()));
}

void WalkState::ReadReach() {
  const auto& text = held_.texts.at(keys_.reach);
  const bool is_under_way = cursor_ && *cursor_ != kWalkEnd;
  std::string grid = grid_.shard.is_sharded ? grid_.Text() : "";
  if (text) {
    const auto slash = std::min(text->find('/'), text->size());
    reach_ = ParseNumber<std::uint64_t>(text->substr(0, slash));
    if (!reach_) RefuseText(keys_.reach, *text, "an id", keys_);
    grid = text->substr(std::min(slash + 1, text->size()));
  }
  if (!grid_.shard.is_sharded || !is_under_way) return;
  if (grid != grid_.Text()) {
    const auto other = ParseWalkGrid(grid);
    if (!other) RefuseText(keys_.reach, *text, "<id>/<start-id>/<count>/<shards>", keys_);
    Refuse(fmt::format(
        "the walk {} is in the middle of a pass with {}: finish that pass with the same, because "
        "other settings would skip some of its ids; or {}",
        keys_.cursor, FlagsOf(*other), keys_.HowToBegin()));
  }
  if (!grid_.Holds(*cursor_)) {
    Refuse(fmt::format(
        "the cursor {} holds {}, which is not in a block of this shard with {}; set it, or {}",
        keys_.cursor, *cursor_, FlagsOf(grid_), keys_.HowToBegin()));
  }
}

void WalkState::ReadLatestPass() {
  for (const auto& [key, text] : held_.texts) {
    // The names of other shards' passes may be malformed; only the runs of those shards check them.
    const bool is_pass = key.size() > 5 && key.compare(key.size() - 5, 5, ":pass") == 0;
    if (is_pass && text && IsPass(*text)) latest_pass_ = std::max(latest_pass_, *text);
  }
}

void WalkState::AddReach(KeyValues& wanted, const Block& block, bool is_new_pass) const {
  const bool goes_on = reach_ && !is_new_pass;
  wanted[keys_.reach] = fmt::to_string(goes_on ? std::min(*reach_, block.end()) : block.end()) +
                        (grid_.shard.is_sharded ? "/" + grid_.Text() : "");
}

void WalkState::AddGrid(KeyValues& wanted, bool is_new_pass) const {
  if (!grid_.shard.is_sharded) {
    if (is_new_pass) wanted[keys_.grid] = std::nullopt;
    return;
  }
  wanted[keys_.grid] = grid_.Text();
  if (!is_new_pass || texts().at(keys_.grid) == grid_.Text()) return;
  // The other shards begin a new pass as well, and the name of that pass has to be later than every
  // pass that their ids have been in. A shard that is in the middle of a pass stays in it; that
  // happens if somebody has deleted the grid.
  for (const WalkKeys& shard : KeysOfShards(base_key_, grid_)) {
    const auto& cursor = held_.texts.at(shard.cursor);
    if (shard.cursor == keys_.cursor || (cursor && *cursor != fmt::to_string(kWalkEnd))) continue;
    wanted[shard.cursor] = std::nullopt;
    if (!latest_pass_.empty()) wanted[shard.pass] = latest_pass_;
  }
}

}  // namespace steamflow
