#pragma once

#include <string>
#include <utility>

#include "task_error.h"

// Turns the errors of libpq and of the server into TaskErrors, with the exit code and the message
// that each means for a run.

struct pg_conn;
struct pg_result;

namespace steamflow {

// The error that ended a statement or a connection. `state` is the SQLSTATE (the manual's appendix
// A), or empty if the connection was lost.
class PostgresError : public TaskError {
 public:
  PostgresError(ExitCode code, const std::string& message, std::string state)
      : TaskError(code, message), state_(std::move(state)) {}
  const std::string& state() const { return state_; }

  // Returns whether a value caused the error, provided that the statement met no constraint,
  // trigger or function that could raise the same error. Another value would have been accepted.
  bool IsAboutValue() const;
  // Returns whether the same transaction may succeed when it is repeated, as after a deadlock.
  bool IsDeadlock() const;

 private:
  const std::string state_;
};

// The functions below are only for the .cpp files that use libpq.
//
// Returns the error of a connection that could not be made. Its error verbosity must be
// PQERRORS_VERBOSE, because only the verbose message contains the SQLSTATE.
PostgresError PostgresConnectionError(pg_conn* connection);

// Returns the error in a response to a statement, or of the lost connection if there is no
// response.
PostgresError PostgresResponseError(pg_conn* connection, const pg_result* result);

}  // namespace steamflow
