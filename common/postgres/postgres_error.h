#pragma once

#include <string>
#include <utility>

#include "task_error.h"

// The errors of libpq and of the server: what each means for a run, and how it is told.

struct pg_conn;
struct pg_result;

namespace steamflow {

// What the server said to a statement. `state` is the SQLSTATE (the manual's appendix A), empty
// where the connection was lost.
class PostgresError : public TaskError {
 public:
  PostgresError(ExitCode code, const std::string& message, std::string state)
      : TaskError(code, message), state_(std::move(state)) {}
  const std::string& state() const { return state_; }

  // A value is to blame, where nothing but its type stood in its way: another one would have been
  // taken.
  bool IsAboutValue() const;
  // The same transaction may succeed when it is tried again: a deadlock.
  bool IsDeadlock() const;

 private:
  const std::string state_;
};

// For the .cpp files that use libpq. Of a connection that could not be made, which has to have been
// told PQERRORS_VERBOSE: nothing else shows its SQLSTATE.
PostgresError PostgresConnectionError(pg_conn* connection);

// Of a response to a statement; where there is none, of the connection that was lost.
PostgresError PostgresResponseError(pg_conn* connection, const pg_result* result);

}  // namespace steamflow
