#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace steamflow {

// Whether the text is a W3C trace context: a version, the ids of a trace and of a span in it, and
// flags, as "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".
bool IsTraceparent(std::string_view text);

// Returns the trace context that this process belongs to, from TRACEPARENT; empty if that is not
// set, or is no trace context.
std::string Traceparent();

// Returns a sentence if TRACEPARENT is set and is no trace context.
std::optional<std::string> TraceparentError();

}  // namespace steamflow
