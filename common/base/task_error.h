#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace steamflow {

// The exit codes of every task: those of sysexits.h, Airflow's skip code, and 128 + signal.
enum class ExitCode : int {
  kSuccess = 0,
  kUsage = 64,         // invalid command line
  kData = 65,          // bad data, or a gap that a person must judge
  kInternal = 70,      // a bug
  kOutput = 74,        // the result line, or a line of a file sink, could not be written
  kTransient = 75,     // try again
  kAuth = 77,          // the API key or a server's credentials were refused
  kConfig = 78,        // a Variable, a Connection, a missing key or topic, a redirect
  kSkipped = 99,       // nothing to do: Airflow marks the task skipped
  kInterrupted = 130,  // SIGINT
  kTerminated = 143,   // SIGTERM
};

// Returns the word that the result line uses for a code: "usage", "config", "transient" and so on.
std::string_view Kind(ExitCode code);

// Returns whether the same command can succeed later without anybody changing anything.
bool IsRetryable(ExitCode code);

// The error that ends a run. It may be thrown anywhere; Command::Run catches it and prints the
// result line. The message has the form "doing what to what: cause" and is redacted when it is
// printed.
class TaskError : public std::runtime_error {
 public:
  TaskError(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// Combines several errors (at least one) into one that has all their messages. Its code is that of
// the first error that is not retryable, or of the first error if all are retryable.
TaskError Combine(const std::vector<TaskError>& errors);

}  // namespace steamflow
