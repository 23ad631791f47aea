#include "stop.h"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <system_error>

#include "task_error.h"

namespace steamflow {
namespace {
constexpr std::chrono::seconds kGrace(5);
}

Stop::Stop(std::chrono::milliseconds deadline)
    : finish_by_(Clock::now() + deadline),
      work_until_(finish_by_ - std::min<std::chrono::milliseconds>(kGrace, deadline / 5)) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  fd_ = ::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "making a signalfd");
  // A parent outside of the container (0) is the engine's: that of `docker exec` ends at once.
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

void Stop::ThrowIfSignalled() const {
  const int signal = Signal();
  if (signal == SIGINT) throw TaskError(ExitCode::kInterrupted, "stopped by SIGINT");
  if (signal != 0) throw TaskError(ExitCode::kTerminated, "stopped by SIGTERM");
}

bool Stop::Requested() const {
  return Signal() != 0 || Clock::now() >= work_until_;
}

Clock::time_point Stop::finish_by() const {
  return Signal() != 0 ? std::min(finish_by_, signalled_at_.load() + kGrace) : finish_by_;
}

std::chrono::milliseconds Stop::TimeLeft() const {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(finish_by() - Clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

}  // namespace steamflow
