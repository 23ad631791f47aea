#pragma once

#include <optional>
#include <string>

#include "timestamp.h"

namespace steamflow {

// A pass of a walk is named by a minute. The name is part of every event id, and tells stores in
// which month to keep a record. As text, earlier names come first.

// Whether the text is such a name.
bool IsPass(const std::string& text);

// The name of a pass that begins now: the logical minute, or the clock's where the logical one is
// not after `before` or lies more than a day ahead; where a pass has that minute already, the next
// one. `before` may be empty, or a month. Nothing where it is itself a day ahead of the clock.
std::optional<std::string> NextPass(Instant logical, Instant now, const std::string& before);

// Whether the pass is named by a minute that is more than a day ahead of the clock.
bool IsAhead(const std::string& pass, Instant now);

// The month of the clock, UTC: after every pass of an earlier month, before every one of its own.
std::string MonthOf(Instant now);

}  // namespace steamflow
