#include "walk_failures.h"

#include <fmt/format.h>

namespace steamflow {
namespace {

// Whether the walk may pass the item now. Counts the failure where it says something about the id
// rather than about the API.
bool IsToBePassed(const FailedItems& failed, const MethodCalls& calls, Walk& walk) {
  if (failed.is_singled_out) return true;
  const bool is_batch = failed.size > 1;
  // A batch is only ever split, so an only call that fails counts as well.
  if (calls.succeeded == 0 && !(is_batch && calls.made == 1)) return false;
  return walk.CountFailure(walk.Id(failed.item)) >= kFailuresBeforePassing && !is_batch;
}

}  // namespace

std::optional<std::string> SettleFailures(const std::vector<FailedItems>& failures,
                                          const MethodCalls& calls, const std::string& topic,
                                          Walk& walk, Source& source) {
  std::optional<std::string> holding;
  for (const FailedItems& failed : failures) {
    if (!IsToBePassed(failed, calls, walk)) {
      holding = failed.failure.message;
      continue;
    }
    const std::string event_id = fmt::format("{}/{}/{}", topic, walk.pass(), walk.Id(failed.item));
    source.Send(DeadLetter{event_id, event_id, failed.failure.received, failed.failure.message},
                failed.item);
    source.items().Answered(failed.item, Outcome::kOk);
  }
  return holding;
}

}  // namespace steamflow
