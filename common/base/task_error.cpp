#include "task_error.h"

#include <algorithm>

namespace steamflow {

std::string_view Kind(ExitCode code) {
  switch (code) {
    case ExitCode::kSuccess:
      return "none";
    case ExitCode::kUsage:
      return "usage";
    case ExitCode::kData:
      return "data";
    case ExitCode::kInternal:
    case ExitCode::kOutput:
      return "internal";
    case ExitCode::kTransient:
      return "transient";
    case ExitCode::kAuth:
      return "auth";
    case ExitCode::kConfig:
      return "config";
    case ExitCode::kSkipped:
      return "skipped";
    case ExitCode::kInterrupted:
    case ExitCode::kTerminated:
      return "interrupted";
  }
  return "internal";
}

bool IsRetryable(ExitCode code) {
  return code == ExitCode::kOutput || code == ExitCode::kTransient ||
         code == ExitCode::kInterrupted || code == ExitCode::kTerminated;
}

TaskError Combine(const std::vector<TaskError>& errors) {
  const auto lasting = std::find_if(errors.begin(), errors.end(), [](const TaskError& error) {
    return !IsRetryable(error.code());
  });
  std::string messages;
  for (const TaskError& error : errors) {
    if (!messages.empty()) messages += "; ";
    messages += error.what();
  }
  return {lasting != errors.end() ? lasting->code() : errors.front().code(), messages};
}

}  // namespace steamflow
