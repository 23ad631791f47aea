#include "stop.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace steamflow {
namespace {
constexpr std::chrono::seconds kLongestEnd(5);      // the most that is kept back from the deadline
constexpr std::chrono::milliseconds kGrace(4'400);  // after a signal; the process may take 5 s
}  // namespace

Stop::Stop(std::chrono::milliseconds deadline)
    : deadline_(Clock::now() + deadline),
      work_until_(deadline_ - std::min<std::chrono::milliseconds>(kLongestEnd, deadline / 5)) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  fd_ = ::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd_ < 0) {
    throw TaskError(ExitCode::kInternal,
                    fmt::format("making a signalfd: {}", std::strerror(errno)));
  }
  // A parent process ID of 0 means that the parent is outside of the container. It then belongs to
  // the container engine, and the parent of a `docker exec` exits at once.
  if (::getppid() != 0) ::prctl(PR_SET_PDEATHSIG, SIGTERM);
}

Stop::~Stop() {
  ::close(fd_);
}

int Stop::Signal() const {
  if (signal_ == 0) {
    signalfd_siginfo info{};
    if (::read(fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      signalled_at_ = Clock::now();
      signal_ = static_cast<int>(info.ssi_signo);
    }
  }
  return signal_;
}

bool Stop::HasSignal() const {
  pollfd signal{.fd = fd_, .events = POLLIN, .revents = 0};
  return signal_ != 0 || ::poll(&signal, 1, 0) == 1;
}

std::optional<ExitCode> Stop::CodeOfSignal() const {
  const int signal = Signal();
  if (signal == 0) return std::nullopt;
  return signal == SIGINT ? ExitCode::kInterrupted : ExitCode::kTerminated;
}

void Stop::ThrowIfSignalled() const {
  const auto code = CodeOfSignal();
  if (code == ExitCode::kInterrupted) throw TaskError(*code, "stopped by SIGINT");
  if (code) throw TaskError(*code, "stopped by SIGTERM");
}

bool Stop::Requested() const {
  return Signal() != 0 || Clock::now() >= work_until_;
}

bool Stop::WaitFor(std::chrono::milliseconds time) const {
  pollfd signal{.fd = Signal() == 0 ? fd_ : -1, .events = POLLIN, .revents = 0};
  const auto until = Clock::now() + time;
  for (auto left = time; left.count() > 0;
       left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now())) {
    if (::poll(&signal, 1, static_cast<int>(left.count())) > 0) break;
  }
  return Signal() != 0;
}

bool Stop::WaitForInput(int file) const {
  while (Signal() == 0 && TimeLeft().count() > 0) {
    std::array<pollfd, 2> files{{{file, POLLIN, 0}, {fd_, POLLIN, 0}}};
    ::poll(files.data(), files.size(), static_cast<int>(TimeLeft().count()));
    if (files[0].revents != 0) return true;
  }
  return false;
}

bool Stop::WaitForOutput(int file) const {
  for (;;) {
    const bool is_signalled = Signal() != 0;
    std::array<pollfd, 2> files{{{file, POLLOUT, 0}, {is_signalled ? -1 : fd_, POLLIN, 0}}};
    ::poll(files.data(), files.size(), static_cast<int>(TimeLeft().count()));
    if (files[0].revents != 0) return true;
    if (TimeLeft().count() == 0) return false;
  }
}

Clock::time_point Stop::finish_by() const {
  return Signal() != 0 ? std::min(deadline_, signalled_at_.load() + kGrace) : deadline_;
}

std::chrono::milliseconds Stop::TimeLeft() const {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(finish_by() - Clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

}  // namespace steamflow
