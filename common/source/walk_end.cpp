#include "walk_end.h"

#include <map>

namespace steamflow {
namespace {

using Failures = std::map<std::uint64_t, const FetchFailure*>;  // by item

// Sends the dead letters of the items that the cursor will pass, including the failed items in
// `may_pass`, which it removes from there. Sends one item at a time and waits for it, because the
// cursor cannot pass the items behind a dead letter that did not arrive.
void SendDeadLetters(Walk& walk, Failures& may_pass, ItemTracker& items, const WalkOutput& output) {
  bool is_current = false;
  for (std::uint64_t item = items.DonePrefix();; item = items.DonePrefix()) {
    if (may_pass.count(item) == 0 && !items.AwaitsDeadLetters(item)) break;
    is_current = is_current || walk.IsCurrent();
    if (!is_current) break;
    if (const auto failed = may_pass.extract(item)) {
      const std::string event_id = walk.EventId(item);
      const FetchFailure& failure = *failed.mapped();
      output.send({event_id, event_id, failure.received, failure.message}, item);
      items.Answered(item, Outcome::kOk);
    }
    output.send_letters(item);
    output.drain();
  }
  const auto left = items.AwaitingDeadLetters();
  if (walk.HasPlace() || left.empty()) return;
  for (const std::uint64_t item : left) output.send_letters(item);
  output.drain();
}

}  // namespace

std::optional<std::string> EndWalk(Walk& walk, const std::vector<MethodCalls>& methods,
                                   ItemTracker& items, const WalkOutput& output) {
  Failures holding;
  Failures may_pass;
  for (const MethodCalls& calls : methods) {
    for (const FailedItems& failed : calls.failed) {
      const bool is_counted = failed.size == 1 && calls.AreWell();
      const bool passes = is_counted && walk.failures().Count(walk.ids().Id(failed.item));
      (passes ? may_pass : holding)[failed.item] = &failed.failure;
    }
  }
  output.drain();
  SendDeadLetters(walk, may_pass, items, output);
  holding.merge(may_pass);

  for (const std::uint64_t id : walk.failures().Ids()) {
    const auto its_item = walk.ids().Item(id);
    if (its_item && (items.IsDone(*its_item) || items.AwaitsDeadLetters(*its_item))) {
      walk.failures().Forget(id);
    }
  }
  walk.Advance(items.DonePrefix());
  if (holding.empty()) return std::nullopt;
  return holding.begin()->second->message;
}

std::optional<std::string> EndWalk(Walk& walk, const std::vector<MethodCalls>& methods,
                                   Source& source) {
  return EndWalk(
      walk, methods, source.items(),
      {[&](const DeadLetter& letter, std::uint64_t item) { source.Send(letter, item); },
       [&](std::uint64_t item) { source.SendDeadLetters(item); }, [&] { source.Flush(); }});
}

}  // namespace steamflow
