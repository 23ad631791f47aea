#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steamflow {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

// Returns `text` with its control characters escaped as in JSON, so that a log event stays on one
// line whatever a server has sent.
std::string OneLine(std::string_view text);

// Receives the events of a log instead of stderr.
struct LogReader {
  LogLevel level;  // the lowest level that it receives
  std::function<void(LogLevel, const std::string&)> take;
  std::function<void(const std::string&)> hide;  // called with each secret
};

// Writes log events to stderr, one line each: time, level, task and message. Control characters are
// escaped and secrets are replaced by ***. The log also owns the progress line of a terminal, so
// that the two do not overwrite each other. If stderr does not accept a line within 200 ms, the
// line is dropped: a process that stops reading stderr must not stall the run. Not thread-safe.
class Log {
 public:
  // `task` appears in every line. `show_progress` turns the progress line on if stderr is a
  // terminal.
  Log(std::string task, LogLevel level, LogFormat format, bool show_progress);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Sends events to the reader from now on.
  void SendTo(LogReader reader);

  // Ensures that `secret` and its percent-encoded form are never printed from now on. Secrets of
  // fewer than four bytes are ignored: redacting them would garble every line and hide nothing.
  void AddSecret(const std::string& secret);
  // Returns `text` with every known secret replaced by ***.
  std::string Redact(std::string text) const;

  void Debug(std::string_view message) { Write(LogLevel::kDebug, message); }
  void Info(std::string_view message) { Write(LogLevel::kInfo, message); }
  void Warning(std::string_view message) { Write(LogLevel::kWarning, message); }
  void Error(std::string_view message) { Write(LogLevel::kError, message); }

  // Returns whether messages of this level are printed. Callers use it to skip building a costly
  // message.
  bool Shows(LogLevel level) const { return level >= level_; }

  // Replaces the progress line. Does nothing if stderr is not a terminal or progress is turned off.
  void ShowProgress(const std::string& line);
  // Prints a table for a person once the progress has ended. Does nothing if stderr is not a
  // terminal or progress is turned off.
  void ShowTable(std::string_view lines);
  // Erases the progress line.
  void EndProgress();
  bool shows_progress() const { return show_progress_; }

 private:
  // Filters by level, removes secrets and formats the line.
  void Write(LogLevel level, std::string_view message);
  // Writes to stderr without blocking for longer than the limit above.
  void WriteAll(std::string_view text);

  const std::string task_;
  LogLevel level_;
  const LogFormat format_;
  const bool show_progress_;
  bool progress_drawn_ = false;
  bool is_read_ = true;  // whether stderr accepted the last line in time
  // Each secret and its percent-encoded form.
  std::vector<std::string> secrets_;
  std::optional<LogReader> reader_;
};

}  // namespace steamflow
