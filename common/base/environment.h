#pragma once

#include <optional>
#include <string>

namespace steamflow {

// A variable of the process environment. Set and empty counts as unset.
std::optional<std::string> EnvironmentValue(const std::string& name);

}  // namespace steamflow
