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

// An open descriptor, which is closed at the end.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  int fd() const { return fd_; }
  // The descriptor, which this does not close any more.
  int Release();

 private:
  int fd_;
};

// Whether a program was started by the supervisor, with --comm=HOST:PORT and --logs=HOST:PORT.
bool IsStartedBySupervisor(int argc, const char* const* argv);

// Airflow's supervisor of this task: the requests to it, and where the log goes. All threads may
// ask, one at a time.
class Supervisor {
 public:
  using Milliseconds = std::chrono::milliseconds;
  // Airflow's API is behind every answer, and the supervisor tries that for 31 s.
  static constexpr Milliseconds kTimeout{40'000};

  // Connects to both addresses of the command line. The error is a sentence.
  static tl::expected<Supervisor, std::string> Connect(int argc, const char* const* argv);

  // What one program has opened, in a program that it became by exec.
  struct Handover {
    int comm = -1;
    int logs = -1;
    std::int64_t next_id = 1;
  };
  explicit Supervisor(const Handover& handover);

  // Waits for the first message: what the task is. Nothing where Airflow's Dag processor has asked
  // instead which tasks the program runs, and has been told: then the process ends with 0. The
  // error is a sentence.
  tl::expected<std::optional<StartupDetails>, std::string> Start(const Tasks& tasks,
                                                                 Milliseconds timeout = kTimeout);

  // Sends a request and waits for its answer, whose body is null where all is said by its coming.
  tl::expected<Json, Refusal> Ask(const Json& request, Milliseconds timeout = kTimeout);

  // The socket of the log.
  int logs() const { return logs_.fd(); }

  // For exec: the descriptors stay open in the program that comes, which closes them.
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
  std::string lost_;  // why nothing can be asked any more
  std::unique_ptr<std::timed_mutex> asking_ = std::make_unique<std::timed_mutex>();
};

}  // namespace airflow
