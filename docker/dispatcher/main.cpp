// `steamflow TASK [OPTION...]` becomes the program of that task, which is in the same folder. It is
// the entry point of the image. steamflow-bundle also makes it the executable of a bundle, which
// Airflow's supervisor starts as a native task. `steamflow describe` prints the descriptions of the
// programs.

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>

#include "file_io.h"
#include "native_task.h"
#include "supervisor.h"
#include "task_error.h"
#include "task_names.h"
#include "version.h"

namespace {

using namespace steamflow;

// The operators of the DAGs put this file into a container. It has variables as NAME=value, each
// ended by a NUL, as in /proc/PID/environ. A container engine shows the variables of a container's
// configuration to everyone who may inspect it, but not the content of a file.
constexpr char kEnvironmentFile[] = "/run/steamflow/environment";

std::string Help() {
  std::string text =
      "Runs a task of steamflow.\n"
      "Usage: steamflow TASK [OPTION...]\n"
      "  or:  steamflow describe [TASK]\n\nTasks:\n";
  for (const std::string_view task : kTaskNames) text += fmt::format("  {}\n", task);
  text += fmt::format(
      "\nOptions:\n"
      "  -h,--help                         Print this help message and exit\n"
      "  --version                         Display program version information and exit\n"
      "\nsteamflow TASK --help describes a task to people. steamflow describe prints the same\n"
      "and more for programs: a line of JSON for each task, or for TASK. steamflow dags --help\n"
      "tells how to install the DAGs of the Python package. If the file\n"
      "{} exists, its variables are added to the task's environment.\n"
      "\nExample:\n  steamflow steam-news --sink stdout\n",
      kEnvironmentFile);
  return text;
}

// Adds the variables of the file, if there is one. Throws TaskError.
void ReadEnvironmentFile() {
  if (::access(kEnvironmentFile, F_OK) != 0) return;
  const auto content = ReadFile(kEnvironmentFile);
  if (!content) {
    throw TaskError(ExitCode::kConfig,
                    fmt::format("{}: {}", kEnvironmentFile, content.error().message()));
  }
  const std::string& text = *content;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\0', begin);
    const std::size_t equals = text.find('=', begin);
    if (end == std::string::npos || equals >= end || equals == begin) {
      throw TaskError(ExitCode::kConfig, fmt::format("{} holds something other than NAME=value, "
                                                     "each ended by a NUL",
                                                     kEnvironmentFile));
    }
    ::setenv(text.substr(begin, equals - begin).c_str(), &text[equals + 1], 1);
    begin = end + 1;
  }
}

int Fail(ExitCode code, std::string_view message) {
  fmt::print(stderr, "steamflow: {}\n", message);
  return static_cast<int>(code);
}

bool IsTask(std::string_view name) {
  return std::find(std::begin(kTaskNames), std::end(kTaskNames), name) != std::end(kTaskNames);
}

int FailWithoutTask(std::string_view name) {
  const std::string what = name.empty() ? "no task given" : fmt::format("no task '{}'", name);
  return Fail(ExitCode::kUsage, what + " (steamflow --help lists the tasks)");
}

std::string ProgramOf(std::string_view task) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / task).string();
}

// Prints the description of the named task, or of every task.
int Describe(int argc, char** argv) {
  if (argc > 3) return Fail(ExitCode::kUsage, "describe takes at most one task");
  const std::string_view only = argc == 3 ? argv[2] : "";
  if (argc == 3 && !IsTask(only)) return FailWithoutTask(only);
  for (const std::string_view task : kTaskNames) {
    if (argc == 3 && task != only) continue;
    std::string program = ProgramOf(task);
    char flag[] = "--describe";
    char* const command[] = {program.data(), flag, nullptr};
    pid_t pid = 0;
    int status = ::posix_spawn(&pid, program.c_str(), nullptr, nullptr, command, environ);
    if (status != 0) {
      return Fail(ExitCode::kInternal, fmt::format("{}: {}", program, std::strerror(status)));
    }
    if (::waitpid(pid, &status, 0) != pid || status != 0) {
      return Fail(ExitCode::kOutput, fmt::format("{} --describe has failed", program));
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (airflow::IsStartedBySupervisor(argc, argv)) {
    return RunNativeTask(std::filesystem::read_symlink("/proc/self/exe").string(), argc, argv);
  }
  const std::string_view task = argc > 1 ? argv[1] : "";
  if (task == "--help" || task == "-h") {
    fmt::print("{}", Help());
    return 0;
  }
  if (task == "--version") {
    fmt::print("steamflow {}\n", kVersion);
    return 0;
  }
  const bool is_dags = task == "dags";  // a script that only the Python package contains
  try {
    if (task == "describe") return Describe(argc, argv);
    if (!is_dags && !IsTask(task)) return FailWithoutTask(task);
    ReadEnvironmentFile();
    const std::string program = ProgramOf(is_dags ? "steamflow-dags" : task);
    ::execv(program.c_str(), argv + 1);
    if (is_dags && errno == ENOENT) {
      return Fail(ExitCode::kConfig, program + " does not exist: the DAGs come with pip's package");
    }
    return Fail(ExitCode::kInternal, fmt::format("{}: {}", program, std::strerror(errno)));
  } catch (const std::exception& error) {
    return Fail(ExitCode::kConfig, error.what());
  }
}
