#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "log.h"
#include "result.h"
#include "run_identity.h"
#include "stop.h"
#include "task_error.h"

namespace steamflow {

// The flags that every task has.
struct CommonOptions {
  double deadline_seconds = 50;
  std::size_t max_in_flight = 100;  // HTTP requests
  unsigned retries = 4;             // per request, after its first attempt
  std::uint64_t max_response_bytes = 16U << 20U;
  std::uint64_t max_bytes_in_flight = 64U << 20U;  // of all response bodies together
  bool allow_http = false;
  bool http1 = false;
};

// What a task needs during its run. All of it lives as long as the run.
struct Run {
  const std::string& task;  // the name of the task
  Log& log;
  const Stop& stop;
  const RunIdentity& identity;
  const CommonOptions& options;
  // Tasks fill in the result during the run, so that a failed run still reports what it did.
  Result& result;

  // Adds a cursor to the result and logs its move at --log-level debug.
  void AddCursor(CursorResult cursor) const;
};

}  // namespace steamflow
