#pragma once

#include <string>

#include "flags.h"
#include "result_schema.h"

namespace steamflow {

// Prints what a task is, as one line of JSON made of what it was declared with: its options, the
// Airflow Variables and Connections, environment variables and topics that it uses, the JSON Schema
// of its result, and its exit codes. description.schema.json is the schema of the line. Returns the
// exit code of the process.
int PrintDescription(const std::string& task, const Flags& flags, ResultParts parts);

// Returns the end of a task's --help, which tells of the result and the exit codes.
std::string HelpFooter();

}  // namespace steamflow
