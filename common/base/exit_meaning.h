#pragma once

#include <span>
#include <string_view>

#include "task_error.h"

namespace steamflow {

// What an exit code tells a person.
struct ExitMeaning {
  ExitCode code;
  std::string_view text;
};

// Returns all exit codes in ascending order.
std::span<const ExitMeaning> ExitMeanings();

}  // namespace steamflow
