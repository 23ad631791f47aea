#include "task_supervisor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "environment.h"
#include "json_document.h"
#include "timestamp.h"
#include "trace_context.h"

namespace steamflow {
namespace {

using airflow::Level;
using airflow::Refusal;
namespace requests = airflow::requests;

constexpr std::chrono::milliseconds kMaskTimeout(2'000);  // short: it needs no API

Level LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return Level::kDebug;
    case LogLevel::kInfo:
      return Level::kInfo;
    case LogLevel::kWarning:
      return Level::kWarning;
    case LogLevel::kError:
      return Level::kError;
  }
  return Level::kError;
}

LogLevel LowestOf(Level level) {
  if (level <= Level::kDebug) return LogLevel::kDebug;
  if (level == Level::kInfo) return LogLevel::kInfo;
  return level == Level::kWarning ? LogLevel::kWarning : LogLevel::kError;
}

bool Names(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Returns whether a person has to fix the cause, so that a retry is useless.
bool IsForGood(ExitCode code) {
  return code == ExitCode::kUsage || code == ExitCode::kData || code == ExitCode::kAuth ||
         code == ExitCode::kConfig;
}

airflow::Json RequestOf(const TaskEnd& end, const SupervisorHandover& handover) {
  const std::string now = FormatUtc(Now());
  if (end.code == ExitCode::kSkipped) return requests::Skip(now);
  if (end.code != ExitCode::kSuccess) {
    if (IsForGood(end.code) || !handover.task.should_retry) return requests::Fail(now);
    std::optional<double> delay;
    if (end.retry_after) delay = static_cast<double>(end.retry_after->count());
    return requests::Retry(now, end.reason, delay);
  }
  std::vector<airflow::requests::OutletEvent> events;
  for (const std::string& asset : handover.outlets) {
    const auto said = end.event.empty() ? Json::object() : Json::parse(end.event);
    events.push_back({.name = asset, .uri = asset, .extra = said});
  }
  return requests::Succeed(now, events);
}

}  // namespace

TaskSupervisor* TaskSupervisor::Inherited() {
  static const std::unique_ptr<TaskSupervisor> inherited = [] {
    const auto text = EnvironmentValue(SupervisorHandover::kVariable);
    if (!text) return std::unique_ptr<TaskSupervisor>();
    const auto handover = ParseHandover(*text);
    if (!handover) {
      throw TaskError(ExitCode::kConfig,
                      fmt::format("{}: {}", SupervisorHandover::kVariable, handover.error()));
    }
    ::unsetenv(SupervisorHandover::kVariable);
    return std::make_unique<TaskSupervisor>(*handover);
  }();
  return inherited.get();
}

TaskSupervisor::TaskSupervisor(const SupervisorHandover& handover)
    : handover_(handover), supervisor_(handover.sockets) {}

std::optional<std::string> TaskSupervisor::Variable(const std::string& name) {
  if (!Names(handover_.variables, name)) return std::nullopt;
  return Ask("the Variable " + name, requests::GetVariable(name), "value");
}

std::optional<std::string> TaskSupervisor::Connection(const std::string& id) {
  if (!Names(handover_.connections, id)) return std::nullopt;
  return Ask("the Connection " + id, requests::GetConnection(id), nullptr);
}

// Returns a field of the answer, or all of it if `field` is null. Each is asked for only once per
// process, so that a change during the run cannot give it two values.
std::optional<std::string> TaskSupervisor::Ask(const std::string& what,
                                               const airflow::Json& request, const char* field) {
  const std::lock_guard lock(known_mutex_);
  if (const auto known = known_.find(what); known != known_.end()) return known->second;
  const auto answer = supervisor_.Ask(request);
  std::optional<std::string> text;
  if (answer) {
    text = field ? TextOf(FieldOf(*answer, field)) : FormatJson(*answer);
    if (text->empty()) text.reset();
  } else if (answer.error().kind != Refusal::Kind::kNotFound) {
    const bool is_denied = answer.error().kind == Refusal::Kind::kDenied;
    throw TaskError(is_denied ? ExitCode::kConfig : ExitCode::kTransient,
                    fmt::format("asking Airflow for {}: {}", what, answer.error().message));
  }
  return known_[what] = text;
}

void TaskSupervisor::TakeLog(const std::string& task, std::optional<LogLevel> level, Log& log) {
  airflow::TaskLog& task_log = task_log_.emplace("steamflow." + task);
  task_log.Connect(supervisor_.logs());
  if (const std::string trace = Traceparent(); !trace.empty()) task_log.Add("traceparent", trace);
  const LogLevel lowest = LowestOf(task_log.threshold());
  log.SendTo(
      {.level = std::max(level.value_or(lowest), lowest),
       .take = [&task_log](LogLevel of,
                           const std::string& message) { task_log.Write(LevelOf(of), message); },
       .hide =
           [this](const std::string& secret) {
             // Log masks its own records. Airflow masks the secret in all others.
             (void)supervisor_.Ask(requests::MaskSecret(secret), kMaskTimeout);
           }});
}

bool TaskSupervisor::Tell(const TaskEnd& end, std::chrono::milliseconds timeout, Log& log) {
  TaskEnd told = end;
  if (end.code == ExitCode::kSuccess) {
    const auto kept = supervisor_.Ask(
        requests::SetXCom(handover_.task, "return_value", Json::parse(end.result)), timeout);
    if (!kept) {
      told.code = ExitCode::kOutput;
      told.reason = "giving Airflow the result: " + kept.error().message;
      log.Error(told.reason);
    }
  }
  const auto answer = supervisor_.Ask(RequestOf(told, handover_), timeout);
  if (answer) return true;
  log.Error("telling Airflow the end: " + answer.error().message);
  // After a refusal by its API, the supervisor itself reports the end once more.
  return answer.error().kind != Refusal::Kind::kLost;
}

}  // namespace steamflow
