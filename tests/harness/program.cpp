#include "program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "described_result.h"

namespace steamflow::test {
namespace {

int MakeFile(const char* name) {
  const int fd = memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) throw std::runtime_error("memfd_create failed");
  // Merged streams share the file, and each write is appended to it.
  fcntl(fd, F_SETFL, O_APPEND);
  return fd;
}

std::string Content(int fd) {
  std::string content;
  content.resize(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)));
  const auto got = pread(fd, content.data(), content.size(), 0);
  content.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return content;
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

JsonValue Ended::Result() const {
  const auto lines = Lines();
  if (lines.empty()) throw std::runtime_error("nothing on stdout; on stderr: " + err);
  CheckDescribed(lines.back());
  return JsonValue(lines.back());
}

std::vector<std::string> Ended::Lines() const {
  std::vector<std::string> lines;
  std::istringstream stream(out);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Program::Program(std::vector<std::string> command, const Environment& environment, Streams streams)
    : out_(MakeFile("out")),
      err_(streams == Streams::kMerged ? out_ : MakeFile("err")),
      started_(std::chrono::steady_clock::now()) {
  command[0] = BinaryPath(command[0]);
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name))
      variables.push_back(name + ("=" + std::string(value)));
  }
  auto argv = Pointers(command);
  auto envp = Pointers(variables);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(out_, STDOUT_FILENO);
    dup2(err_, STDERR_FILENO);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  if (pid_ < 0) throw std::runtime_error("fork failed");
}

Program::~Program() {
  if (pid_ > 0) {
    Send(SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(out_);
  if (err_ != out_) close(err_);
}

void Program::Send(int signal) const {
  kill(pid_, signal);
}

std::string Program::Err() const {
  return Content(err_);
}

Ended Program::Wait(std::chrono::seconds timeout) {
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd wanted{.fd = handle, .events = POLLIN, .revents = 0};
  const int ready = poll(&wanted, 1, static_cast<int>(timeout.count()) * 1000);
  close(handle);
  if (ready != 1) {
    Send(SIGKILL);
    waitpid(std::exchange(pid_, -1), nullptr, 0);
    throw std::runtime_error("a program ran too long; its output: " + Content(out_) +
                             Content(err_));
  }
  int status = 0;
  rusage usage{};
  wait4(std::exchange(pid_, -1), &status, 0, &usage);
  Ended ended;
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  ended.out = Content(out_);
  if (err_ != out_) ended.err = Content(err_);
  ended.peak_rss_kib = usage.ru_maxrss;
  ended.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  return ended;
}

bool TakesSignals(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("SigBlk:", 0) != 0) continue;
    return (std::stoull(line.substr(7), nullptr, 16) >> (SIGTERM - 1U) & 1U) != 0;
  }
  return false;
}

Ended RunProgram(std::vector<std::string> command, const Environment& environment,
                 Streams streams) {
  return Program(std::move(command), environment, streams).Wait();
}

std::string BinaryPath(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* const folder = std::getenv("STEAMFLOW_BIN");
  return std::string(folder ? folder : BINARY_FOLDER) + "/" + name;
}

}  // namespace steamflow::test
