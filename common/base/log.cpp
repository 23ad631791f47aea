#include "log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "file_io.h"
#include "json.h"
#include "timestamp.h"
#include "trace_context.h"

namespace steamflow {
namespace {

constexpr std::chrono::milliseconds kTimeout(200);  // for a reader of stderr

std::string_view Name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string PercentEncode(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

std::string OneLine(std::string_view text) {
  std::string quoted;
  AppendJsonString(quoted, text);
  std::string out;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '\\' && (quoted[i + 1] == '"' || quoted[i + 1] == '\\')) ++i;
    out += quoted[i];
  }
  return out;
}

Log::Log(std::string task, LogLevel level, LogFormat format, bool show_progress)
    : task_(std::move(task)),
      level_(level),
      format_(format),
      show_progress_(show_progress && ::isatty(STDERR_FILENO) == 1) {}

Log::~Log() {
  EndProgress();
}

// Errors are ignored, because there is nowhere left to report them. Once a line has timed out, the
// next ones do not wait at all until stderr accepts output again.
void Log::WriteAll(std::string_view text) {
  const auto written = steamflow::WriteAll(STDERR_FILENO, text, [this] {
    return AwaitOutput(STDERR_FILENO, is_read_ ? kTimeout : std::chrono::milliseconds(0));
  });
  is_read_ = written || written.error() != std::errc::timed_out;
}

void Log::SendTo(LogReader reader) {
  level_ = reader.level;
  reader_ = std::move(reader);
}

void Log::AddSecret(const std::string& secret) {
  if (secret.size() < 4) return;
  if (reader_) reader_->hide(secret);
  secrets_.push_back(secret);
  const std::string encoded = PercentEncode(secret);
  if (encoded != secret) secrets_.push_back(encoded);
  // Longest first, so that a secret that contains another one is replaced as a whole.
  std::sort(secrets_.begin(), secrets_.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Log::Redact(std::string text) const {
  for (const std::string& secret : secrets_) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

void Log::Write(LogLevel level, std::string_view message) {
  if (!Shows(level)) return;
  EndProgress();
  if (reader_) return reader_->take(level, Redact(std::string(message)));
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  std::string time = FormatUtc(seconds);
  time.insert(time.size() - 1, fmt::format(".{:03}", (now - seconds).count()));
  const std::string clean = Redact(std::string(message));
  const std::string trace = Traceparent();
  if (format_ == LogFormat::kJson) {
    JsonObject line;
    line.Add("time", time).Add("level", Name(level)).Add("task", task_).Add("message", clean);
    if (!trace.empty()) line.Add("traceparent", trace);
    WriteAll(line.Take() + "\n");
  } else {
    WriteAll(fmt::format("{} {} {}: {}{}{}\n", time, Name(level), task_, OneLine(clean),
                         trace.empty() ? "" : " traceparent=", trace));
  }
}

void Log::ShowProgress(const std::string& line) {
  if (!show_progress_) return;
  WriteAll(fmt::format("\r\x1b[K{}", OneLine(line)));
  progress_drawn_ = true;
}

void Log::ShowTable(std::string_view lines) {
  if (!show_progress_) return;
  EndProgress();
  WriteAll(lines);
}

void Log::EndProgress() {
  if (progress_drawn_) WriteAll("\r\x1b[K");
  progress_drawn_ = false;
}

}  // namespace steamflow
