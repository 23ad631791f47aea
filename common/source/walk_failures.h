#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fetcher.h"
#include "source.h"
#include "walk.h"

namespace steamflow {

// Items of a walk whose call failed for good.
struct FailedItems {
  std::uint64_t item = 0;  // the first of them
  std::uint64_t size = 1;  // how many, in the order of the walk
  FetchFailure failure;
  bool is_singled_out = false;  // found by splitting a batch: the fault is this id's own
};

// The calls of one API method in a run.
struct MethodCalls {
  std::uint64_t made = 0;
  std::uint64_t succeeded = 0;
};

// Counts the failures in Redis, and dead-letters the ids that have failed in five runs in which
// other calls of the method succeeded, so that one broken id cannot stop the walk: such an item is
// then answered. Returns the message of a failure that still holds the cursor, if any does. Throws
// TaskError.
std::optional<std::string> SettleFailures(const std::vector<FailedItems>& failures,
                                          const MethodCalls& calls, const std::string& topic,
                                          Walk& walk, Source& source);

}  // namespace steamflow
