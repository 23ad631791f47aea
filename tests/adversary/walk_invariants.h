#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

#include "key_store.h"
#include "walk.h"
#include "walk_pass.h"

namespace steamflow::test {

inline constexpr char kKey[] = "c";
inline constexpr char kTopic[] = "players";
inline constexpr std::uint64_t kIds = 12;

struct Settings {
  std::string topic = kTopic;
  std::uint64_t start_id = steam_api::kLowestId + kIds - 1;
  std::uint64_t count = 3;
  std::string shard;
  bool wrap = true;
  bool read_only = false;
  Instant logical{};

  std::string Base() const { return KeyOfTopic(kKey, topic, kTopic); }
  WalkOptions Options() const {
    return {.cursor_key = kKey,
            .topic = kTopic,
            .start_id = start_id,
            .count = count,
            .shard = shard,
            .wrap = wrap};
  }
};

// Tracks what happened to the ids of all walks, and checks the invariants. Throws std::logic_error
// if one is broken.
class WalkInvariants {
 public:
  // Notes that an event id is settled: it is in Kafka, is a dead letter, or the API has nothing for
  // it.
  bool Settle(const std::string& event_id) { return delivered_.insert(event_id).second; }
  // Notes that the call for the id failed in a run in which the API worked.
  void Fail(std::uint64_t id, Instant now) { failures_[id].insert(now); }
  // Notes that the operator changed a key by hand.
  void Touch() { touched_ = {kKey, KeyOfTopic(kKey, "trial", kTopic)}; }
  // Notes that the operator deleted a pass, so that its name may be used again.
  void ForgetPasses() { forgotten_.insert(delivered_.begin(), delivered_.end()); }

  // I1, I2: everything that the cursor passes is delivered, and the cursor only goes down.
  void CheckMove(const Settings& settings, const WalkGrid& grid, const std::string& from,
                 const std::string& to, const std::string& pass) {
    if (to > from) throw std::logic_error("the cursor has moved back to " + to);
    for (std::uint64_t id = std::stoull(to) + 1; id <= std::stoull(from); ++id) {
      if (!grid.Holds(id)) continue;
      passed_[settings.Base()].insert(id);
      const std::string event_id = fmt::format("{}/{}/{}", settings.topic, pass, id);
      if (delivered_.count(event_id) == 0)
        throw std::logic_error(event_id + " was passed but is missing");
    }
  }

  // I3, I6: no event id of an earlier pass is used again, and none is dated in the future.
  void CheckNewPass(const Settings& settings, const WalkGrid& grid, const std::string& cursor,
                    const std::string& pass, const std::optional<std::string>& before,
                    Instant now) {
    if (before && pass <= *before) throw std::logic_error("pass " + pass + " after " + *before);
    if (pass > FormatMinute(now + std::chrono::hours(24))) {
      throw std::logic_error("the pass is in the future: " + pass);
    }
    for (std::uint64_t id = steam_api::kLowestId; id <= std::stoull(cursor); ++id) {
      const std::string event_id = fmt::format("{}/{}/{}", settings.topic, pass, id);
      if (grid.Holds(id) && delivered_.count(event_id) > forgotten_.count(event_id)) {
        throw std::logic_error(fmt::format("the pass {} is new but has {} already", pass, id));
      }
    }
  }

  // I5: a grid is replaced only after each of its ids has been passed.
  void CheckNewGrid(const std::string& walk, const std::optional<std::string>& before) {
    const auto grid = before ? ParseWalkGrid(*before) : std::nullopt;
    for (std::uint64_t id = steam_api::kLowestId;
         grid && touched_.count(walk) == 0 && id <= grid->start_id; ++id) {
      if (passed_[walk].count(id) == 0)
        throw std::logic_error(fmt::format("{} is skipped by another grid", id));
    }
    const bool is_touched = touched_.erase(walk) > 0;
    // If the operator has deleted the grid, a shard in the middle of its pass stays in that pass.
    if (before || !is_touched) passed_.erase(walk);
  }

  // Notes that a run has stored that it will request the ids down to `reach`. If it is killed
  // before it requests them, the next run cannot know that.
  void Claim(const std::string& pass, std::uint64_t cursor, std::uint64_t reach) {
    for (std::uint64_t id = reach + 1; id <= cursor; ++id) {
      asked_.insert(fmt::format("{}/{}", pass, id));
    }
  }

  // I3: a run continues a pass of an earlier month only if the ids from its first one on were
  // requested in that pass. Also notes the ids of the run.
  void CheckPass(const steamflow::Walk& walk, const Settings& settings, Instant now) {
    const std::string id = walk.EventId(0);
    const bool is_delivered =
        std::any_of(asked_.lower_bound(walk.pass()), asked_.upper_bound(walk.pass() + "~"),
                    [&](const std::string& asked) {
                      return asked <= walk.pass() + "/" + fmt::to_string(walk.ids().Id(0));
                    });
    const bool began_late = walk.pass() == FormatMinute(settings.logical);
    if (walk.pass() < MonthOf(now) && !is_delivered && !began_late && touched_.empty()) {
      throw std::logic_error(id + " continues in a month that is over");
    }
    for (std::uint64_t item = 0; item < walk.ids().size(); ++item) {
      asked_.insert(fmt::format("{}/{}", walk.pass(), walk.ids().Id(item)));
    }
  }

  // I1: a dead letter needs failures in five runs in which the API worked, over at least an hour.
  void CheckLetter(std::uint64_t id, Instant now) {
    const auto& runs = failures_[id];
    if (runs.size() < 5 || now - *runs.begin() < std::chrono::hours(1)) {
      throw std::logic_error(fmt::format("{} became a dead letter too early", id));
    }
    if (id % 7 != 3) throw std::logic_error(fmt::format("{} is not broken", id));
  }

 private:
  std::set<std::string> delivered_;  // the settled event ids
  std::set<std::string> forgotten_;  // those settled before the operator deleted a pass
  std::set<std::string> asked_;      // "<pass>/<id>"
  std::map<std::string, std::set<std::uint64_t>> passed_;  // ids by walk, since its grid was set
  std::map<std::uint64_t, std::multiset<Instant>> failures_;
  std::set<std::string> touched_;  // walks that the operator has changed since then
};

}  // namespace steamflow::test
