#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace steamflow::standin {

/// A program that runs until it is stopped and prints its address when it is ready. It is stopped
/// when the test process dies.
class ChildProcess {
 public:
  /// Starts the program. `command` is its path followed by its arguments.
  explicit ChildProcess(std::vector<std::string> command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Returns the next line of its stdout and stderr, or an empty string at their end.
  std::string ReadLine();

  void CloseStdin();

  void Send(int signal) const;

  /// Waits until it ends. Returns its exit code, or the negated number of the signal that killed
  /// it.
  int Wait();

 private:
  pid_t pid_ = -1;
  int stdin_ = -1;
  int stdout_ = -1;
};

}  // namespace steamflow::standin
