#pragma once

#include <optional>
#include <string>

#include "timestamp.h"

namespace steamflow {

// A pass of a walk is named after a minute in UTC, such as 2026-11-22T22:34Z. The name is part of
// every event id and tells stores in which month to keep a record. Names sort by time as text.

// Returns whether the text is the name of a pass.
bool IsPass(const std::string& text);

// Returns the name for a pass that begins now, which is always later than `before`: the name of the
// latest pass, a month, or empty. Takes the first of these that is: the logical minute, unless it
// lies more than a day ahead of the clock; the clock's minute; the minute after `before`. Returns
// nullopt if the last of these lies more than a day ahead of the clock.
std::optional<std::string> NextPass(Instant logical, Instant now, const std::string& before);

// Returns whether the pass is named after a minute that is more than a day ahead of the clock.
bool IsAhead(const std::string& pass, Instant now);

// Returns the month of `now` in UTC, such as 2026-11. As text it sorts after every pass of an
// earlier month and before every pass of its own month.
std::string MonthOf(Instant now);

}  // namespace steamflow
