#pragma once

#include <chrono>
#include <csignal>
#include <map>
#include <optional>
#include <string>

#include "run.h"

namespace steamflow::test {

// Sets variables of the process environment (nullopt unsets one). The destructor restores them.
class ScopedEnvironment {
 public:
  using Values = std::map<std::string, std::optional<std::string>>;

  explicit ScopedEnvironment(const Values& values);
  ScopedEnvironment(const std::string& name, std::optional<std::string> value)
      : ScopedEnvironment(Values{{name, std::move(value)}}) {}
  ~ScopedEnvironment();
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

 private:
  Values before_;
};

// Provides what Command passes to the body of a task. Restores the signal mask, which Stop changes,
// so that the child processes of later tests can be ended.
class TestRun {
 public:
  explicit TestRun(std::chrono::milliseconds deadline = std::chrono::seconds(30));
  ~TestRun();
  TestRun(const TestRun&) = delete;
  TestRun& operator=(const TestRun&) = delete;

  CommonOptions options;
  RunIdentity identity;
  Result result;

  Run& run() { return run_; }
  const Stop& stop() const { return stop_; }
  Log& log() { return log_; }

 private:
  sigset_t mask_before_{};
  Stop stop_;
  const std::string task_ = "test-task";
  Log log_{task_, LogLevel::kError, LogFormat::kText, false};
  Run run_{task_, log_, stop_, identity, options, result};
};

// A new folder. The destructor removes it with everything in it.
class ScopedFolder {
 public:
  ScopedFolder();
  ~ScopedFolder();
  ScopedFolder(const ScopedFolder&) = delete;
  ScopedFolder& operator=(const ScopedFolder&) = delete;

  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Calls `function` and returns the code of the TaskError that it throws, or kSuccess if it throws
// none. `message` receives the error message.
template <typename Function>
ExitCode CodeOf(Function function, std::string* message = nullptr) {
  try {
    function();
  } catch (const TaskError& error) {
    if (message) *message = error.what();
    return error.code();
  }
  return ExitCode::kSuccess;
}

}  // namespace steamflow::test
