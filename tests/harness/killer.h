#pragma once

#include <functional>
#include <string>
#include <vector>

#include "program.h"

namespace steamflow::test {

// Starts a run of the command and returns whether it killed the run.
using Killer = std::function<bool(std::vector<std::string>)>;

// Calls `round` with a function that kills the run it starts: at the first system call of each
// kind, at the second and so on until the run survives, then at random times. Each call of `round`
// is one experiment: it starts the run, checks what is left, and returns whether the run survived.
// Stops early if the test has failed. Fails the test if too few runs were killed.
void ForEveryKill(const std::vector<std::string>& calls, const Environment& environment,
                  const std::function<bool(const Killer&)>& round);

}  // namespace steamflow::test
