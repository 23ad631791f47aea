#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace steamflow {

// Exit codes of every task: the numbers of sysexits.h, Airflow's skip code, and 128 + signal.
enum class ExitCode : int {
  kSuccess = 0,
  kUsage = 64,         // the command line
  kData = 65,          // bad data, or a gap, that a person must judge
  kInternal = 70,      // a bug
  kOutput = 74,        // the result line, or a line of a file sink, could not be written
  kTransient = 75,     // try again
  kAuth = 77,          // the API key, or a server's credentials, refused
  kConfig = 78,        // a Variable, a Connection, a missing key or topic, a redirect
  kSkipped = 99,       // nothing to do: Airflow marks the task skipped
  kInterrupted = 130,  // SIGINT
  kTerminated = 143,   // SIGTERM
};

// The word that the result line uses for a code: "usage", "config", "transient" and so on.
std::string_view Kind(ExitCode code);

// Whether the same command can succeed later without anybody changing anything.
bool IsRetryable(ExitCode code);

// The run cannot go on. Thrown anywhere, caught in Command::Run, which prints the result line.
// The message reads "doing what to what: cause" and is redacted where it is printed.
class TaskError : public std::runtime_error {
 public:
  TaskError(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// One error for several (at least one): their messages joined, under the code of the first that a
// person must mend, or where time may mend them all, of the first.
TaskError Combine(const std::vector<TaskError>& errors);

}  // namespace steamflow
