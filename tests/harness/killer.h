#pragma once

#include <functional>
#include <string>
#include <vector>

#include "program.h"

namespace steamflow::test {

// Starts a run of the command and says whether it killed it.
using Killer = std::function<bool(std::vector<std::string>)>;

// Calls `round` with a way to kill the run that it starts: at the first system call of each kind,
// at the second and so on until the run survives, then at random times. `round` is one experiment:
// it starts the run, looks at what is left, and says whether the run survived. Ends early where the
// test has failed; fails it where too few runs were killed.
void ForEveryKill(const std::vector<std::string>& calls, const Environment& environment,
                  const std::function<bool(const Killer&)>& round);

}  // namespace steamflow::test
