#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>

#include "stop.h"

namespace steamflow {

// Writes all of `bytes`, with a single system call if the system accepts them at once. Blocks
// without limit while the reader of a pipe does not read.
[[nodiscard]] tl::expected<void, std::error_code> WriteAll(int fd, std::string_view bytes);

// Writes all of `bytes` without blocking on a slow reader: a pipe or a terminal gets pieces of at
// most PIPE_BUF bytes, and `may_write` is called before each piece to wait until the descriptor is
// writable. Returns std::errc::timed_out as soon as `may_write` returns false.
[[nodiscard]] tl::expected<void, std::error_code> WriteAll(int fd, std::string_view bytes,
                                                           const std::function<bool()>& may_write);

// Waits until a write to the descriptor would not block, or would fail at once. Returns false if
// that does not happen within `timeout`; a negative timeout waits without limit.
bool AwaitOutput(int fd, std::chrono::milliseconds timeout);

// Writes all of `text` to stdout. Throws TaskError (kOutput) if the write fails.
void WriteStdout(std::string_view text);

// Replaces the content of the file at `path` by `bytes` atomically: a reader sees either the old
// file or the new one. If `path` is a symbolic link, the link stays and its target is replaced. A
// device, a pipe, and the process's own stdout or stderr are written to instead of being replaced.
// Returns an error if nobody reads the pipe.
[[nodiscard]] tl::expected<void, std::error_code> ReplaceFile(const std::string& path,
                                                              std::string_view bytes);

// Returns the descriptor of this process's stdout or stderr if `path` names the same file
// (/dev/stdout does, and so does the file that stdout is redirected to), otherwise -1. Such a file
// must be written through that descriptor: a second descriptor would have a file position of its
// own, and replacing the file would leave the stream writing to the old one.
int OwnStream(const std::string& path);

// Describes why a write failed, including the case of a pipe that nobody reads.
std::string WriteCause(const std::error_code& error);

// Returns the content of the whole file, or std::errc::file_too_large for more than 64 MiB: no
// setting or list is as long, but a device never ends.
tl::expected<std::string, std::error_code> ReadFile(const std::string& path);

// Returns everything that stdin delivers until its end, with the same limit. Throws TaskError if a
// signal arrives, and TaskError (kTransient) if stdin, such as a pipe that nobody closes, does not
// end within the run.
tl::expected<std::string, std::error_code> ReadStdin(const Stop& stop);

// Returns the path of a file that is installed with the programs: PREFIX/share/steamflow/`name` for
// a program in PREFIX/bin.
std::string InstalledPath(const std::string& name);

}  // namespace steamflow
