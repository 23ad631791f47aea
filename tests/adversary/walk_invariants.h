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

// What has become of the ids of all walks, and what must hold of it. Throws std::logic_error where
// it does not.
class WalkInvariants {
 public:
  // An event id is settled: in Kafka, a dead letter, or the API said that there is nothing.
  bool Settle(const std::string& event_id) { return delivered_.insert(event_id).second; }
  // The call for the id has failed in a run in which the API was well.
  void Fail(std::uint64_t id, Instant now) { failures_[id].insert(now); }
  // The operator has changed a key by hand.
  void Touch() { touched_ = {kKey, KeyOfTopic(kKey, "trial", kTopic)}; }
  // The operator has deleted a pass, whose name may come again.
  void ForgetPasses() { forgotten_.insert(delivered_.begin(), delivered_.end()); }

  // I1, I2: what the cursor has passed is delivered, and it goes down only.
  void CheckMove(const Settings& settings, const WalkGrid& grid, const std::string& from,
                 const std::string& to, const std::string& pass) {
    if (to > from) throw std::logic_error("the cursor has moved back to " + to);
    for (std::uint64_t id = std::stoull(to) + 1; id <= std::stoull(from); ++id) {
      if (!grid.Holds(id)) continue;
      passed_[settings.Base()].insert(id);
      const std::string event_id = fmt::format("{}/{}/{}", settings.topic, pass, id);
      if (delivered_.count(event_id) == 0)
        throw std::logic_error(event_id + " is passed and not there");
    }
  }

  // I3, I6: no event id of an earlier pass comes again, and none is dated in the future.
  void CheckNewPass(const Settings& settings, const WalkGrid& grid, const std::string& cursor,
                    const std::string& pass, const std::optional<std::string>& before,
                    Instant now) {
    if (before && pass <= *before) throw std::logic_error("a pass " + pass + " after " + *before);
    if (pass > FormatMinute(now + std::chrono::hours(24))) {
      throw std::logic_error("a pass in the future: " + pass);
    }
    for (std::uint64_t id = steam_api::kLowestId; id <= std::stoull(cursor); ++id) {
      const std::string event_id = fmt::format("{}/{}/{}", settings.topic, pass, id);
      if (grid.Holds(id) && delivered_.count(event_id) > forgotten_.count(event_id)) {
        throw std::logic_error(fmt::format("the pass {} is new and has {} already", pass, id));
      }
    }
  }

  // I5: a grid gives way to another one only when each of its ids has been passed.
  void CheckNewGrid(const std::string& walk, const std::optional<std::string>& before) {
    const auto grid = before ? ParseWalkGrid(*before) : std::nullopt;
    for (std::uint64_t id = steam_api::kLowestId;
         grid && touched_.count(walk) == 0 && id <= grid->start_id; ++id) {
      if (passed_[walk].count(id) == 0)
        throw std::logic_error(fmt::format("{} is skipped by another grid", id));
    }
    const bool is_touched = touched_.erase(walk) > 0;
    // Where the operator has deleted the grid, a shard in the middle of its pass stays in it.
    if (before || !is_touched) passed_.erase(walk);
  }

  // A run tells the store that it asks for the ids down to `reach`, before it does. Where it is
  // killed in between, the next one cannot know that it has not.
  void Claim(const std::string& pass, std::uint64_t cursor, std::uint64_t reach) {
    for (std::uint64_t id = reach + 1; id <= cursor; ++id) {
      asked_.insert(fmt::format("{}/{}", pass, id));
    }
  }

  // I3: what lies beyond the cursor of a pass of an earlier month was asked for in that pass.
  void CheckPass(const steamflow::Walk& walk, const Settings& settings, Instant now) {
    const std::string id = walk.EventId(0);
    const bool is_delivered =
        std::any_of(asked_.lower_bound(walk.pass()), asked_.upper_bound(walk.pass() + "~"),
                    [&](const std::string& asked) {
                      return asked <= walk.pass() + "/" + fmt::to_string(walk.ids().Id(0));
                    });
    const bool began_late = walk.pass() == FormatMinute(settings.logical);
    if (walk.pass() < MonthOf(now) && !is_delivered && !began_late && touched_.empty()) {
      throw std::logic_error(id + " goes on in a month that is over");
    }
    for (std::uint64_t item = 0; item < walk.ids().size(); ++item) {
      asked_.insert(fmt::format("{}/{}", walk.pass(), walk.ids().Id(item)));
    }
  }

  // I1: five runs in which the API was well, an hour apart.
  void CheckLetter(std::uint64_t id, Instant now) {
    const auto& runs = failures_[id];
    if (runs.size() < 5 || now - *runs.begin() < std::chrono::hours(1)) {
      throw std::logic_error(fmt::format("{} is passed too early", id));
    }
    if (id % 7 != 3) throw std::logic_error(fmt::format("{} is healthy and passed", id));
  }

 private:
  std::set<std::string>
      delivered_;  // event ids that are settled: in Kafka, dead letters, without records
  std::set<std::string> forgotten_;  // of them, before the operator deleted a pass
  std::set<std::string> asked_;      // "<pass>/<id>"
  std::map<std::string, std::set<std::uint64_t>> passed_;  // by walk, since its grid was set
  std::map<std::uint64_t, std::multiset<Instant>> failures_;
  std::set<std::string> touched_;  // walks in which the operator changed something since
};

}  // namespace steamflow::test
