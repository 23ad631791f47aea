#include "task_log.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace airflow {
namespace {

constexpr int kTimeout = 200;  // milliseconds to wait for a supervisor that does not read

struct Name {
  std::string_view name;
  Level level;
};
constexpr Name kLevels[] = {
    {"notset", Level::kDebug},    {"debug", Level::kDebug},    {"info", Level::kInfo},
    {"warning", Level::kWarning}, {"warn", Level::kWarning},   {"error", Level::kError},
    {"exception", Level::kError}, {"fatal", Level::kCritical}, {"critical", Level::kCritical},
};

std::optional<Level> LevelOf(std::string_view text) {
  const auto is_same = [&](const Name& level) {
    return std::equal(text.begin(), text.end(), level.name.begin(), level.name.end(),
                      [](unsigned char a, char b) { return std::tolower(a) == b; });
  };
  const auto* const found = std::find_if(std::begin(kLevels), std::end(kLevels), is_same);
  if (found == std::end(kLevels)) return std::nullopt;
  return found->level;
}

std::string_view NameOf(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
    case Level::kCritical:
      return "critical";
  }
  return "error";
}

bool IsAtOrBelow(std::string_view name, std::string_view space) {
  return name.starts_with(space) && (name.size() == space.size() || name[space.size()] == '.');
}

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

Level ThresholdOf(std::string_view name, std::string_view global, std::string_view namespaces) {
  Level threshold = LevelOf(global).value_or(Level::kInfo);
  std::size_t longest = 0;
  while (!namespaces.empty()) {
    const auto end = std::min(namespaces.find_first_of(", \t\r\n"), namespaces.size());
    const std::string_view entry = namespaces.substr(0, end);
    namespaces.remove_prefix(std::min(end + 1, namespaces.size()));
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view space = entry.substr(0, equals);
    const auto level = LevelOf(entry.substr(equals + 1));
    if (!level || space.size() <= longest || !IsAtOrBelow(name, space)) continue;
    longest = space.size();
    threshold = *level;
  }
  return threshold;
}

std::string FormatRecord(std::string_view logger, Level level, std::string_view event,
                         std::int64_t seconds, std::uint32_t nanoseconds, const Fields& fields) {
  Json record = {{"timestamp", FormatTime(seconds, nanoseconds)},
                 {"level", NameOf(level)},
                 {"event", event},
                 {"logger", logger}};
  for (const auto& [name, value] : fields) record[name] = value;
  return record.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

TaskLog::TaskLog(std::string name)
    : name_(std::move(name)),
      threshold_(ThresholdOf(name_, Variable("AIRFLOW__LOGGING__LOGGING_LEVEL"),
                             Variable("AIRFLOW__LOGGING__NAMESPACE_LEVELS"))) {}

void TaskLog::Write(Level level, std::string_view event) {
  if (level < threshold_) return;
  const auto now = std::chrono::system_clock::now();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(now - seconds);
  const std::string line = FormatRecord(name_, level, event, seconds.time_since_epoch().count(),
                                        static_cast<std::uint32_t>(rest.count()), fields_);
  if (fd_ < 0) {
    kept_ += line;
  } else {
    Send(line);
  }
}

void TaskLog::Connect(int fd) {
  fd_ = fd;
  Send(std::exchange(kept_, {}));
}

// Best effort: a supervisor that has ended or hangs must not block the task. If only a part of a
// line was sent, its rest must be sent before anything else.
void TaskLog::Send(std::string_view line) {
  const std::size_t begun = kept_.size();
  std::string bytes = std::exchange(kept_, {}).append(line);
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    pollfd output{.fd = fd_, .events = POLLOUT, .revents = 0};
    is_taken_ = ::poll(&output, 1, is_taken_ ? kTimeout : 0) == 1;
    if (!is_taken_) break;
    const auto took = ::send(fd_, &bytes[sent], bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (took < 0 && errno != EINTR && errno != EAGAIN) return;
    if (took > 0) sent += static_cast<std::size_t>(took);
  }
  if (sent <= begun) bytes.resize(begun);  // nothing of the new line was sent, so it is dropped
  kept_ = bytes.substr(sent);
}

}  // namespace airflow
