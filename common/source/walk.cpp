#include "walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "parse_number.h"
#include "task_error.h"
#include "walk_pass.h"

namespace steamflow {

Walk::Walk(const WalkOptions& options, const std::optional<std::vector<std::uint64_t>>& listed,
           const std::string& topic, Run& run, KeyStore* store, bool read_only, Instant now)
    : topic_(topic),
      run_(run),
      store_(options.HasCursor() ? store : nullptr),
      read_only_(read_only),
      now_(now),
      grid_(options.Grid()),
      base_key_(KeyOfTopic(options.cursor_key, topic, options.topic)),
      keys_(base_key_, grid_.shard),
      pass_(FormatMinute(run.identity.logical_date)),
      block_(grid_.BlockAt(grid_.First())) {
  if (store_) {
    while (!TryBegin(options)) {  // fails only if another run has changed the walk in between
    }
  }
  ids_ = listed ? ItemIds(*listed) : ItemIds(block_.first, block_.size);
}

bool Walk::TryBegin(const WalkOptions& options) {
  const WalkState state(*store_, base_key_, grid_);
  const std::uint64_t first = grid_.First();
  const std::uint64_t cursor = state.cursor().value_or(first);
  const bool is_over = cursor == kWalkEnd;
  if (is_over && (!options.wrap || first == kWalkEnd)) {  // a shard may have no blocks at all
    throw TaskError(ExitCode::kSkipped,
                    fmt::format("the walk {} has reached the lowest id; --wrap begins a new pass",
                                keys_.cursor));
  }
  block_ = grid_.BlockAt(is_over ? first : cursor);
  // When the month of a pass is over, the rest of the pass continues under a new name, so that
  // stores keep its records in the new month. This has to wait until no id from the cursor on can
  // have been delivered under the old name; otherwise its records would have two event ids.
  const bool goes_on = state.cursor() && state.pass() && !is_over;
  const std::string month = MonthOf(now_);
  const bool is_stale = goes_on && *state.pass() < month && state.IsUntouchedFrom(cursor);
  const bool is_new = !goes_on || is_stale;
  if (is_new) {
    const std::string before = std::max(state.latest_pass(), is_stale ? month : std::string());
    const auto pass = NextPass(run_.identity.logical_date, now_, before);
    if (!pass) RefuseAhead(before);
    pass_ = *pass;
  } else {
    pass_ = *state.pass();
    if (IsAhead(pass_, now_)) RefuseAhead(pass_);
  }
  auto failures = FailureCounts::Parse(state.failures(), now_);
  if (!failures) {
    throw TaskError(ExitCode::kData,
                    fmt::format("{} in Redis holds {} instead of an id with <runs>/<time>; {}",
                                keys_.failures, failures.error(), keys_.HowToBegin()));
  }
  if (read_only_) return true;
  failures_ = std::move(*failures);

  KeyValues wanted;
  if (is_new) {
    wanted[keys_.cursor] = fmt::to_string(block_.first);
    wanted[keys_.pass] = pass_;
  }
  state.AddReach(wanted, block_, is_new);
  state.AddGrid(wanted, is_new);
  for (const std::string& key : {keys_.cursor, keys_.pass, keys_.grid}) {
    const auto found = wanted.find(key);
    place_[key] = found == wanted.end() ? state.texts().at(key) : found->second;
  }
  return store_->Write({.expected = state.texts(), .wanted = std::move(wanted)});
}

// A run with a wrong clock named this pass. Stores would keep its records in a month of the future.
void Walk::RefuseAhead(const std::string& pass) const {
  throw TaskError(ExitCode::kData, fmt::format("the pass {} of the walk {} is more than a day "
                                               "ahead of the clock: set the clock right, or {}",
                                               pass, keys_.cursor, keys_.HowToBegin()));
}

std::string Walk::EventId(std::uint64_t item) const {
  return fmt::format("{}/{}/{}", topic_, pass_, ids_.Id(item));
}

// The distance between witnesses is large, because the neighbours of a broken id may be broken too.
std::uint64_t Walk::WitnessId(std::uint64_t number) const {
  constexpr std::uint64_t kIds = steam_api::kHighestId - steam_api::kLowestId + 1;
  constexpr std::uint64_t kDistance = 104'729;
  return steam_api::kLowestId +
         (ids_.Id(0) - steam_api::kLowestId + (number + 1) * kDistance) % kIds;
}

bool Walk::IsCurrent() {
  if (place_.empty()) return true;
  const Snapshot now = store_->Read({keys_.cursor, keys_.pass, keys_.grid}, keys_.failures);
  return now.texts == place_;
}

void Walk::Advance(std::uint64_t done) {
  if (place_.empty()) return;
  const std::string from = *place_.at(keys_.cursor);
  CursorResult result{.key = keys_.cursor, .from = from, .to = from};
  KeyChange change{.expected = place_, .hash = keys_.failures, .fields = failures_.Changes()};
  if (done > 0) {
    const std::uint64_t to = done >= block_.size ? block_.next : block_.first - done;
    change.wanted[keys_.cursor] = fmt::to_string(to);
  }
  if (!change.wanted.empty() || !change.fields.empty()) {
    if (store_->Write(change)) {
      result.advanced = done > 0;
      if (done > 0) result.to = *change.wanted.at(keys_.cursor);
    } else {
      const Snapshot now = store_->Read({keys_.cursor}, keys_.failures);
      result.to = now.texts.at(keys_.cursor).value_or("");
    }
  }
  result.position =
      std::max(ParseNumber<std::uint64_t>(result.to).value_or(0), kWalkEnd) - kWalkEnd;
  run_.AddCursor(std::move(result));
}

}  // namespace steamflow
