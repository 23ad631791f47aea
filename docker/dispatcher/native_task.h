#pragma once

#include <string>

namespace steamflow {

// The work of the executable `bundle`, this program's own, where Airflow's supervisor has started
// it with the arguments: becomes the program of the task that the supervisor names. Returns the
// exit code of the process where it does not come to that.
int RunNativeTask(const std::string& bundle, int argc, const char* const* argv);

}  // namespace steamflow
