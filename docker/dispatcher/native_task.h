#pragma once

#include <string>

namespace steamflow {

// Runs the task that Airflow's supervisor names. `bundle` is the path of this executable, and the
// arguments are those that the supervisor gave it. On success this does not return, because the
// process becomes the task's program. Otherwise it returns the exit code of the process.
int RunNativeTask(const std::string& bundle, int argc, const char* const* argv);

}  // namespace steamflow
