#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "json_value.h"

namespace steamflow::test {

using Environment = std::map<std::string, std::string>;

// The outcome of a program.
struct Ended {
  int exit_code = -1;  // or the negative number of the signal that killed it
  std::string out;     // stdout; with kMerged, both streams in the order of the writes
  std::string err;
  long peak_rss_kib = 0;
  double seconds = 0;

  // Returns the last line of stdout, which is the result of a task. Throws if it is not as the task
  // describes it.
  JsonValue Result() const;
  std::vector<std::string> Lines() const;  // of stdout
};

enum class Streams { kSeparate, kMerged };

// The binary of a task as a child process that has exactly this environment and what sanitizers
// need. The process is killed when the test ends and by the destructor.
class Program {
 public:
  // `command[0]` is a path, or the name of a binary from the build.
  Program(std::vector<std::string> command, const Environment& environment,
          Streams streams = Streams::kSeparate);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void Send(int signal) const;

  // Returns what the program has written to stderr so far.
  std::string Err() const;

  // Waits until the program ends. Kills it and throws if that takes longer than `timeout`.
  Ended Wait(std::chrono::seconds timeout = std::chrono::seconds(60));

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::chrono::steady_clock::time_point started_;
};

// Returns whether the program has begun to handle SIGTERM, which would end it otherwise.
bool TakesSignals(pid_t pid);

// Runs a program until it ends.
Ended RunProgram(std::vector<std::string> command, const Environment& environment,
                 Streams streams = Streams::kSeparate);

// Returns the path of a binary from the build, or from the folder STEAMFLOW_BIN.
std::string BinaryPath(const std::string& name);

// Polls until `condition` holds. Returns false if it does not hold within `timeout`.
template <typename Condition>
bool Eventually(Condition condition, std::chrono::milliseconds timeout = std::chrono::seconds(60)) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace steamflow::test
