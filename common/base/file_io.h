#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>

#include "stop.h"

namespace steamflow {

// Writes all of `bytes`, in one system call where the system takes it in one.
[[nodiscard]] tl::expected<void, std::error_code> WriteAll(int fd, std::string_view bytes);

// Writes all of `text` to stdout. Throws TaskError (kOutput).
void WriteStdout(std::string_view text);

// Replaces the file at `path` by one with `bytes`, atomically: a reader sees the old or the new. A
// link stays, and what it leads to is replaced. A device or a pipe is written to.
[[nodiscard]] tl::expected<void, std::error_code> ReplaceFile(const std::string& path,
                                                              std::string_view bytes);

// The whole file.
tl::expected<std::string, std::error_code> ReadFile(const std::string& path);

// All of stdin, which may be a pipe that nobody closes. Throws TaskError where a signal comes, and
// kTransient where it does not end within the run.
tl::expected<std::string, std::error_code> ReadStdin(const Stop& stop);

// The path of what comes with the programs: share/steamflow/`name`, beside the folder of this one.
std::string InstalledPath(const std::string& name);

}  // namespace steamflow
