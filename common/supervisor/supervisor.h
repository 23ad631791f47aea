#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "messages.h"

namespace airflow {

// Owns a file descriptor and closes it at the end.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  int fd() const { return fd_; }
  // Returns the descriptor and gives up its ownership.
  int Release();

 private:
  int fd_;
};

// Returns whether Airflow's supervisor has started this program. Then the command line has
// --comm=HOST:PORT and --logs=HOST:PORT.
bool IsStartedBySupervisor(int argc, const char* const* argv);

// The connection to Airflow's supervisor of this task, for requests and for the task's log. Any
// thread may call Ask(); the requests are sent one at a time.
class Supervisor {
 public:
  using Milliseconds = std::chrono::milliseconds;
  // Longer than the 31 s for which the supervisor retries Airflow's API before it answers.
  static constexpr Milliseconds kTimeout{40'000};

  // Connects to both addresses of the command line. The error is a sentence.
  static tl::expected<Supervisor, std::string> Connect(int argc, const char* const* argv);

  // The state that one program passes to another across exec.
  struct Handover {
    int comm = -1;
    int logs = -1;
    std::int64_t next_id = 1;
  };
  explicit Supervisor(const Handover& handover);

  // Waits for the first message and returns its details. Returns nullopt if the caller was not a
  // task's supervisor but Airflow's DAG processor: its question has been answered, and the process
  // has to end with 0. The error is a sentence.
  tl::expected<std::optional<StartupDetails>, std::string> Start(const Tasks& tasks,
                                                                 Milliseconds timeout = kTimeout);

  // Sends a request and waits for its answer. The body is null if the answer only confirms.
  tl::expected<Json, Refusal> Ask(const Json& request, Milliseconds timeout = kTimeout);

  // The socket of the log.
  int logs() const { return logs_.fd(); }

  // Call it before exec: the descriptors stay open, and the next program owns them.
  Handover Release();

 private:
  using Clock = std::chrono::steady_clock;
  Supervisor(Socket comm, Socket logs);
  tl::expected<void, Refusal> Send(std::string_view frame, Clock::time_point until);
  tl::expected<Response, Refusal> Receive(Clock::time_point until);
  tl::unexpected<Refusal> Lose(const std::string& cause);

  Socket comm_;
  Socket logs_;
  std::int64_t next_id_ = 1;
  FrameReader reader_;
  std::string lost_;  // why the connection cannot be used any more; empty while it can
  std::unique_ptr<std::timed_mutex> asking_ = std::make_unique<std::timed_mutex>();
};

}  // namespace airflow
