#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace steamflow {

// Returns whether the text is a W3C trace context of at most 512 bytes: a version, the ids of a
// trace and of a span in it, and flags, such as
// "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".
bool IsTraceparent(std::string_view text);

// Returns the trace context of this process from the environment variable TRACEPARENT, or an empty
// string if the variable is not set or invalid.
std::string Traceparent();

// Returns a sentence for the log if TRACEPARENT is set and invalid.
std::optional<std::string> TraceparentError();

}  // namespace steamflow
