#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace steamflow::standin {

/// A program that runs until it is told to stop, and prints its address when it is ready. Dies with
/// the test.
class ChildProcess {
 public:
  explicit ChildProcess(std::vector<std::string> command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// The next line of its standard output and error; empty at their end.
  std::string ReadLine();

  void CloseStdin();

  void Send(int signal) const;

  /// Waits for its end. Returns the exit code, or the negative number of the signal that killed it.
  int Wait();

 private:
  pid_t pid_ = -1;
  int stdin_ = -1;
  int stdout_ = -1;
};

}  // namespace steamflow::standin
