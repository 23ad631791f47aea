#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steamflow {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

// Control characters escaped as in JSON, so that one event stays one line whatever a server sent.
std::string OneLine(std::string_view text);

// What takes the events of a log in place of stderr.
struct LogReader {
  LogLevel level;
  std::function<void(LogLevel, const std::string&)> take;
  std::function<void(const std::string&)> hide;  // hears of each secret
};

// One line an event on stderr: time, level, message; control characters escaped, secrets replaced
// by ***. Owns the progress line of a terminal too, so that the two do not overwrite each other.
// A line that nobody takes within 200 ms is left out: no reader of stderr can hold the run up. Not
// for use by several threads at once.
class Log {
 public:
  Log(std::string task, LogLevel level, LogFormat format, bool show_progress);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // From now on the events of its level go to the reader.
  void SendTo(LogReader reader);

  // From now on `secret`, and its percent-encoded form, is never printed. Shorter than four bytes
  // it is left alone: replacing it would mangle every line and hide nothing.
  void AddSecret(const std::string& secret);
  std::string Redact(std::string text) const;

  void Debug(std::string_view message) { Write(LogLevel::kDebug, message); }
  void Info(std::string_view message) { Write(LogLevel::kInfo, message); }
  void Warning(std::string_view message) { Write(LogLevel::kWarning, message); }
  void Error(std::string_view message) { Write(LogLevel::kError, message); }

  // Whether a message of this level is printed: for what costs time to put together.
  bool Shows(LogLevel level) const { return level >= level_; }

  // Replaces the progress line; nothing where stderr is no terminal.
  void ShowProgress(const std::string& line);
  // Lines for a person, at the end of the progress; nothing where stderr is no terminal.
  void ShowTable(std::string_view lines);
  // Takes the progress line away.
  void EndProgress();
  bool shows_progress() const { return show_progress_; }

 private:
  void Write(LogLevel level, std::string_view message);
  void WriteAll(std::string_view text);

  const std::string task_;
  LogLevel level_;
  const LogFormat format_;
  const bool show_progress_;
  bool progress_drawn_ = false;
  bool is_read_ = true;  // as far as is known: what was written last was taken in time
  std::vector<std::string> secrets_;
  std::optional<LogReader> reader_;
};

}  // namespace steamflow
