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

// How a program ended.
struct Ended {
  int exit_code = -1;  // or the negative number of the signal that killed it
  std::string out;     // stdout; with kMerged both streams in the order of the writes
  std::string err;
  long peak_rss_kib = 0;
  double seconds = 0;

  // The last line of stdout, as a task's result. Throws where it is not as the task describes it.
  JsonValue Result() const;
  std::vector<std::string> Lines() const;  // of stdout
};

enum class Streams { kSeparate, kMerged };

// A task's binary as a child process with exactly this environment (and what sanitizers need).
// It is killed with the test, and by the destructor.
class Program {
 public:
  // `command[0]` is a path, or the name of a binary of the build.
  Program(std::vector<std::string> command, const Environment& environment,
          Streams streams = Streams::kSeparate);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void Send(int signal) const;

  // What it has written to stderr so far.
  std::string Err() const;

  // Waits for its end; kills it and throws where that takes longer than `timeout`.
  Ended Wait(std::chrono::seconds timeout = std::chrono::seconds(60));

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::chrono::steady_clock::time_point started_;
};

// Whether the program has begun to take SIGTERM instead of being ended by it.
bool TakesSignals(pid_t pid);

// Runs a program to its end.
Ended RunProgram(std::vector<std::string> command, const Environment& environment,
                 Streams streams = Streams::kSeparate);

// The path of a binary of the build, or of the folder STEAMFLOW_BIN.
std::string BinaryPath(const std::string& name);

// Polls until `condition` holds; false where it does not within `timeout`.
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
