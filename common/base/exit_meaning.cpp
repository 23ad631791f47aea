#include "exit_meaning.h"

namespace steamflow {
namespace {

constexpr ExitMeaning kMeanings[] = {
    {ExitCode::kSuccess, "done"},
    {ExitCode::kUsage, "the command line is invalid"},
    {ExitCode::kData, "data that a person must look at"},
    {ExitCode::kInternal, "a bug"},
    {ExitCode::kOutput, "the result or a line of output could not be written"},
    {ExitCode::kTransient, "try again"},
    {ExitCode::kAuth,
     "the key or a server's credentials were rejected, or a permission is missing"},
    {ExitCode::kConfig, "configuration: a Variable, a Connection, a missing topic, a redirect"},
    {ExitCode::kSkipped, "there is nothing to do"},
    {ExitCode::kInterrupted, "SIGINT"},
    {ExitCode::kTerminated, "SIGTERM"},
};

}  // namespace

std::span<const ExitMeaning> ExitMeanings() {
  return kMeanings;
}

}  // namespace steamflow
