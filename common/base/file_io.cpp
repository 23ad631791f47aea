#include "file_io.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>

#include "task_error.h"

namespace steamflow {
namespace {

constexpr std::chrono::milliseconds kTimeout(100);  // for a reader of a pipe
constexpr std::size_t kMostBytes = 64U << 20U;      // that a file may have

tl::unexpected<std::error_code> Errno() {
  return tl::unexpected(std::error_code(errno, std::generic_category()));
}

// Owns the descriptor of an open file; it is -1 if the file could not be opened.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags, mode_t mode)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Reads until the end of the file. Calls `may_read` before each piece; it may throw to stop
// reading.
template <typename MayRead>
tl::expected<std::string, std::error_code> ReadAll(int fd, MayRead may_read) {
  std::string content;
  std::array<char, 65536> buffer;
  for (;;) {
    may_read();
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0) return Errno();
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > kMostBytes) {
      return tl::unexpected(std::make_error_code(std::errc::file_too_large));
    }
  }
}

tl::expected<void, std::error_code> Write(const std::string& path, int flags,
                                          std::string_view bytes) {
  const Descriptor file(path, O_WRONLY | flags, 0644);
  if (file.get() < 0) return Errno();
  return WriteAll(file.get(), bytes, [&] { return AwaitOutput(file.get(), kTimeout); });
}

// Follows symbolic links to the path of the final target, which need not exist yet.
tl::expected<std::filesystem::path, std::error_code> FollowLinks(std::filesystem::path path) {
  constexpr int kMostLinks = 40;  // the kernel's own limit
  std::error_code error;
  for (int i = 0; i < kMostLinks; ++i) {
    if (!std::filesystem::is_symlink(std::filesystem::symlink_status(path, error))) return path;
    path = path.parent_path() / std::filesystem::read_symlink(path, error);
    if (error) return tl::unexpected(error);
  }
  return tl::unexpected(std::make_error_code(std::errc::too_many_symbolic_link_levels));
}

}  // namespace

tl::expected<void, std::error_code> WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      // Another process that shares the descriptor may have made it non-blocking.
      if (errno == EAGAIN && AwaitOutput(fd, std::chrono::milliseconds(-1))) continue;
      return Errno();
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

tl::expected<void, std::error_code> WriteAll(int fd, std::string_view bytes,
                                             const std::function<bool()>& may_write) {
  struct stat file {};
  if (::fstat(fd, &file) == 0 && S_ISREG(file.st_mode)) return WriteAll(fd, bytes);
  while (!bytes.empty()) {
    if (!may_write()) return tl::unexpected(std::make_error_code(std::errc::timed_out));
    const auto written = ::write(fd, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return Errno();
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

bool AwaitOutput(int fd, std::chrono::milliseconds timeout) {
  pollfd output{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&output, 1, static_cast<int>(timeout.count())) > 0;
}

void WriteStdout(std::string_view text) {
  if (const auto written = WriteAll(STDOUT_FILENO, text); !written) {
    throw TaskError(ExitCode::kOutput, "writing to stdout: " + written.error().message());
  }
}

tl::expected<void, std::error_code> ReplaceFile(const std::string& path, std::string_view bytes) {
  if (const int own = OwnStream(path); own >= 0) {
    return WriteAll(own, bytes, [&] { return AwaitOutput(own, kTimeout); });
  }
  // A device or a pipe is written to, not replaced. With O_NONBLOCK, opening a pipe that nobody
  // reads fails.
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::is_other(status)) return Write(path, O_NONBLOCK, bytes);

  const auto target = FollowLinks(path);
  if (!target) return tl::unexpected(target.error());
  const std::string temporary = fmt::format("{}.{}", target->string(), ::getpid());
  auto replaced = Write(temporary, O_CREAT | O_TRUNC, bytes);
  if (replaced && ::rename(temporary.c_str(), target->c_str()) != 0) replaced = Errno();
  if (!replaced) ::unlink(temporary.c_str());
  return replaced;
}

int OwnStream(const std::string& path) {
  struct stat named {};
  if (::stat(path.c_str(), &named) != 0) return -1;
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat own {};
    if (::fstat(fd, &own) == 0 && own.st_dev == named.st_dev && own.st_ino == named.st_ino) {
      return fd;
    }
  }
  return -1;
}

std::string WriteCause(const std::error_code& error) {
  // open() returns ENXIO for a pipe that no process has open for reading.
  const bool is_unread =
      error == std::errc::timed_out || error == std::errc::no_such_device_or_address;
  return is_unread ? "nobody reads it" : error.message();
}

tl::expected<std::string, std::error_code> ReadFile(const std::string& path) {
  const Descriptor file(path, O_RDONLY, 0);
  if (file.get() < 0) return Errno();
  return ReadAll(file.get(), [] {});
}

tl::expected<std::string, std::error_code> ReadStdin(const Stop& stop) {
  return ReadAll(STDIN_FILENO, [&] {
    if (stop.WaitForInput(STDIN_FILENO)) return;
    stop.ThrowIfSignalled();
    throw TaskError(ExitCode::kTransient, "reading stdin: it did not end in time");
  });
}

std::string InstalledPath(const std::string& name) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  return (program.parent_path().parent_path() / "share/steamflow" / name).string();
}

}  // namespace steamflow
