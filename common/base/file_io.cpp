#include "file_io.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "task_error.h"

namespace steamflow {
namespace {

[[noreturn]] void ThrowErrno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags, mode_t mode)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (fd_ < 0) ThrowErrno(path);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      ThrowErrno("write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void WriteStdout(std::string_view text) {
  try {
    WriteAll(STDOUT_FILENO, text);
  } catch (const std::system_error& error) {
    throw TaskError(ExitCode::kOutput, "writing to stdout: " + error.code().message());
  }
}

void ReplaceFile(const std::string& path, std::string_view bytes) {
  const std::string temporary = fmt::format("{}.{}", path, ::getpid());
  try {
    const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    WriteAll(file.get(), bytes);
    if (::rename(temporary.c_str(), path.c_str()) != 0) ThrowErrno(path);
  } catch (const std::system_error&) {
    ::unlink(temporary.c_str());
    throw;
  }
}

std::string ReadFile(const std::string& path) {
  const Descriptor file(path, O_RDONLY, 0);
  std::string content;
  std::array<char, 65536> buffer;
  for (;;) {
    const auto got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0) ThrowErrno(path);
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

std::string InstalledPath(const std::string& name) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  return (program.parent_path().parent_path() / "share/steamflow" / name).string();
}

}  // namespace steamflow
