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

template <typename Read>
auto TryToRead(const Read& read) -> Readable<decltype(read())> {
  try {
    return read();
  } catch (const TaskError& error) {
    return tl::unexpected(error);
  }
}

template <typename T>
const T& ValueOf(const Readable<T>& setting) {
  if (!setting) throw setting.error();
  return *setting;
}

// The result of one check.
struct Check {
  std::string name;
  std::string message;  // what was found, or what is wrong
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
  explicit CheckList(Run& run) : run_(run) {}

  // Prints a check, without the secrets that the log knows. Throws TaskError (kOutput) if stdout
  // cannot be written.
  void Add(Check check);

  // Fills in the result. Throws one TaskError for all failed checks together, if any has failed.
  void Finish();

  static Json Schema();  // of the checks in the result

 private:
  Run& run_;
  std::vector<Json> entries_;
  std::vector<TaskError> errors_;
};

}  // namespace steamflow
