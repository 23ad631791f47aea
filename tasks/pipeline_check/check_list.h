#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "json_document.h"
#include "run.h"

namespace steamflow {

// A setting, or the error that reading it threw. The error is thrown again by the check that needs
// the setting, so that this check fails and the others still run.
template <typename T>
using Readable = tl::expected<T, TaskError>;

// Calls `read`, which returns a setting or throws TaskError.
template <typename Read>
auto TryToRead(const Read& read) -> Readable<decltype(read())> {
  try {
    return read();
  } catch (const TaskError& error) {
    return tl::unexpected(error);
  }
}

// Returns the setting, or throws the error that reading it threw.
template <typename T>
const T& ValueOf(const Readable<T>& setting) {
  if (!setting) throw setting.error();
  return *setting;
}

// The result of one check.
struct Check {
  // Such as "redis" or "topic steam_news".
  std::string name;
  std::string message;  // what was found, or what is wrong
  // How long the check took, including its retries.
  std::int64_t milliseconds = 0;
  std::optional<ExitCode> failure;  // the exit code that a run would end with; empty = none

  // Runs a check. `body` returns what it found, or throws TaskError. `setting` names the setting
  // with the address and login; it is added to the message if these may be the cause. It may be
  // empty.
  static Check Make(const std::string& name, const std::string& setting,
                    const std::function<std::string()>& body);
};

// Prints each check as a line on stdout as soon as it is done, and puts all checks into the result.
class CheckList {
 public:
  // `run` must outlive this object.
  explicit CheckList(Run& run) : run_(run) {}

  // Prints a check, without the secrets that the log knows. Throws TaskError (kOutput) if stdout
  // cannot be written.
  void Add(Check check);

  // Fills in the result. Throws one TaskError for all failed checks together, if any has failed.
  void Finish();

  static Json Schema();  // of the checks in the result

 private:
  Run& run_;
  // In the order of the checks. Finish() moves them into the result.
  std::vector<Json> entries_;
  // One for each failed check; Combine() chooses the exit code.
  std::vector<TaskError> errors_;
};

}  // namespace steamflow
