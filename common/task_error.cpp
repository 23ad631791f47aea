#include "task_error.h"

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

}  // namespace steamflow
