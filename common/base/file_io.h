#pragma once

#include <string>
#include <string_view>

namespace steamflow {

// Writes all of `bytes`, in one system call where the system takes it in one. Throws
// std::system_error.
void WriteAll(int fd, std::string_view bytes);

// Writes all of `text` to stdout. Throws TaskError (kOutput).
void WriteStdout(std::string_view text);

// Replaces the file at `path` by one with `bytes`, atomically: a reader sees the old or the new.
// Throws std::system_error.
void ReplaceFile(const std::string& path, std::string_view bytes);

// The whole file. Throws std::system_error.
std::string ReadFile(const std::string& path);

// The path of what comes with the programs: share/steamflow/`name`, beside the folder of this one.
std::string InstalledPath(const std::string& name);

}  // namespace steamflow
