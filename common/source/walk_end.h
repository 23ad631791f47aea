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

// Items of a walk whose call failed for good.
struct FailedItems {
  std::uint64_t item = 0;  // the first of them
  std::uint64_t size = 1;  // how many, in the order of the walk
  FetchFailure failure;
};

// What became of a run's calls of one API method. A call for several ids that has failed and was
// asked for again in parts is not among them, its parts are.
struct MethodCalls {
  std::uint64_t succeeded = 0;
  std::vector<FailedItems> failed;

  // Whether so few failed that the fault is the ids' own rather than the API's: a tenth at most.
  bool AreWell() const { return succeeded >= 9 * failed.size(); }
};

// What the end of a walk's run asks of its surroundings.
struct WalkOutput {
  std::function<void(const DeadLetter&, std::uint64_t item)> send;
  std::function<void(std::uint64_t item)> send_letters;  // those that are kept
  std::function<void()> drain;  // waits until all that was sent has arrived or failed
};

// Ends a run of a walk: waits for what was sent, moves the cursor over what is done, and notes
// which ids have failed. So that a broken id cannot stop the walk, one whose count allows it
// becomes a dead letter, and so an answered item. A dead letter is sent when the cursor has come to
// its item and will pass it; where there is no cursor, with the rest. Returns the message of a
// failure that still holds the cursor, if any does. Throws TaskError.
std::optional<std::string> EndWalk(Walk& walk, const std::vector<MethodCalls>& methods,
                                   ItemTracker& items, const WalkOutput& output);
std::optional<std::string> EndWalk(Walk& walk, const std::vector<MethodCalls>& methods,
                                   Source& source);

}  // namespace steamflow
