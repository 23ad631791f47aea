#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>

#include "stop.h"

namespace steamflow {

// Writes all of `bytes`, in one system call where the system takes it in one. Waits for whoever
// reads a pipe, for ever.
[[nodiscard]] tl::expected<void, std::error_code> WriteAll(int fd, std::string_view bytes);

// Writes all of `bytes`, to a pipe or a terminal in pieces that it takes at once. `may_write` waits
// before each until the descriptor takes one; where it gives that up (false) so does this, with
// std::errc::timed_out.
[[nodiscard]] tl::expected<void, std::error_code> WriteAll(int fd, std::string_view bytes,
                                                           const std::function<bool()>& may_write);

// Waits until the descriptor takes something, or gives an error at once. False where that is not so
// within `timeout`.
bool AwaitOutput(int fd, std::chrono::milliseconds timeout);

// Writes all of `text` to stdout. Throws TaskError (kOutput).
void WriteStdout(std::string_view text);

// Replaces the file at `path` by one with `bytes`, atomically: a reader sees the old or the new. A
// link stays, and what it leads to is replaced. A device or a pipe is written to, and so is what is
// this process's own stdout or stderr. An error where nobody reads a pipe.
[[nodiscard]] tl::expected<void, std::error_code> ReplaceFile(const std::string& path,
                                                              std::string_view bytes);

// Which of this process's own stdout and stderr the path names, as /dev/stdout does, or the file
// that one of them is; -1 = none. Opened, it would have another place than theirs, and replaced it
// would not be theirs any more.
int OwnStream(const std::string& path);

// Why a write failed, also for a pipe that nobody reads.
std::string WriteCause(const std::error_code& error);

// The whole file.
tl::expected<std::string, std::error_code> ReadFile(const std::string& path);

// All of stdin, which may be a pipe that nobody closes. Throws TaskError where a signal comes, and
// kTransient where it does not end within the run.
tl::expected<std::string, std::error_code> ReadStdin(const Stop& stop);

// The path of what comes with the programs: share/steamflow/`name`, beside the folder of this one.
std::string InstalledPath(const std::string& name);

}  // namespace steamflow
