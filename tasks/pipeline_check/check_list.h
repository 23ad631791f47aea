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

// A setting, or why it cannot be used: the check that needs it is the one that fails.
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

// What became of one check.
struct Check {
  std::string name;
  std::string message;  // what was found, or what is wrong
  std::int64_t milliseconds = 0;
  std::optional<ExitCode> failure;  // what a run would end with

  // Runs a check: it returns what it found, or throws TaskError. `setting`, unless empty, is
  // named where it is the address or the login that may be wrong.
  static Check Make(const std::string& name, const std::string& setting,
                    const std::function<std::string()>& body);
};

// Checks as lines on stdout, as they come, and in the result.
class CheckList {
 public:
  explicit CheckList(Run& run) : run_(run) {}

  // Prints the check without the secrets that the log knows. Throws TaskError (kOutput).
  void Add(Check check);

  // Fills in the result. Throws TaskError where a check has failed: for all of them together.
  void Finish();

 private:
  Run& run_;
  std::vector<Json> entries_;
  std::vector<TaskError> errors_;
};

}  // namespace steamflow
