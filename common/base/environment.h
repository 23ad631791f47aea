#pragma once

#include <optional>
#include <string>

namespace steamflow {

// Returns the value of a variable of the process environment, or nullopt if it is unset or empty.
// An empty variable counts as unset: there is often no other way to leave out an optional setting.
std::optional<std::string> EnvironmentValue(const std::string& name);

}  // namespace steamflow
