#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fetcher.h"
#include "item_tracker.h"
#include "record_output.h"
#include "source.h"
#include "walk.h"

namespace steamflow {

// Items of a walk that were asked for in one call, which failed for good.
struct FailedItems {
  std::uint64_t item = 0;  // the first of them
  std::uint64_t size = 1;  // how many, in the order of the walk
  FetchFailure failure;
};

// What became of a run's calls of one API method. If a failed call for several ids was repeated in
// parts, the parts are counted and the call is not.
struct MethodCalls {
  std::uint64_t succeeded = 0;
  std::vector<FailedItems> failed;

  // Returns whether at most a tenth of the calls failed. Then the fault lies with the ids and not
  // with the API.
  bool AreWell() const { return succeeded >= 9 * failed.size(); }
};

// The functions of the output that EndWalk needs.
struct WalkOutput {
  std::function<void(const DeadLetter&, std::uint64_t item)> send;
  std::function<void(std::uint64_t item)> send_letters;  // sends the dead letters held back
  std::function<void()> drain;  // waits until everything that was sent has arrived or failed
};

// Ends a run of a walk: waits for what was sent, moves the cursor over the items that are done, and
// stores which ids have failed. An id that has failed often enough (FailureCounts::Count) becomes a
// dead letter and counts as answered, so that a broken id cannot stop the walk. The dead letters of
// an item are sent when every item before it is done, that is, when the cursor is about to pass it;
// if there is no cursor, they are sent together at the end. Returns the message of a failure that
// keeps the cursor from moving on, or nullopt. Throws TaskError.
std::optional<std::string> EndWalk(Walk& walk, const std::vector<MethodCalls>& methods,
                                   ItemTracker& items, const WalkOutput& output);
// The same, with the items and the output of `source`.
std::optional<std::string> EndWalk(Walk& walk, const std::vector<MethodCalls>& methods,
                                   Source& source);

}  // namespace steamflow
