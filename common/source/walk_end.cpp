#include "walk_end.h"

#include <map>

namespace steamflow {

std::optional<std::string> EndWalk(Walk& walk, const std::vector<MethodCalls>& methods,
                                   ItemTracker& items, const WalkOutput& output) {
  std::map<std::uint64_t, const FetchFailure*> holding;  // by item
  std::map<std::uint64_t, const FetchFailure*> may_pass;
  for (const MethodCalls& calls : methods) {
    for (const FailedItems& failed : calls.failed) {
      const bool is_counted = failed.size == 1 && calls.AreWell();
      const bool passes = is_counted && walk.failures().Count(walk.ids().Id(failed.item));
      (passes ? may_pass : holding)[failed.item] = &failed.failure;
    }
  }
  output.drain();
  // One at a time, as the cursor passes none behind one that did not arrive.
  std::uint64_t item = items.DonePrefix();
  if (may_pass.count(item) > 0 && walk.IsCurrent()) {
    while (const auto failed = may_pass.extract(item)) {
      const std::string event_id = walk.EventId(item);
      const FetchFailure& failure = *failed.mapped();
      output.send({event_id, event_id, failure.received, failure.message}, item);
      items.Answered(item, Outcome::kOk);
      output.drain();
      item = items.DonePrefix();
    }
  }
  holding.merge(may_pass);

  for (const std::uint64_t id : walk.failures().Ids()) {
    const auto its_item = walk.ids().Item(id);
    if (its_item && items.IsDone(*its_item)) walk.failures().Forget(id);
  }
  walk.Advance(items.DonePrefix());
  if (holding.empty()) return std::nullopt;
  return holding.begin()->second->message;
}

std::optional<std::string> EndWalk(Walk& walk, const std::vector<MethodCalls>& methods,
                                   Source& source) {
  return EndWalk(walk, methods, source.items(),
                 {[&](const DeadLetter& letter, std::uint64_t item) { source.Send(letter, item); },
                  [&] { source.Drain(); }});
}

}  // namespace steamflow
