#include "airflow_variable.h"

#include <fmt/format.h>

#include "environment.h"
#include "task_supervisor.h"

namespace steamflow {

std::optional<std::string> AirflowVariable(const std::string& name) {
  if (auto value = EnvironmentValue(EnvironmentName(name))) return value;
  TaskSupervisor* const supervisor = TaskSupervisor::Inherited();
  return supervisor ? supervisor->Variable(name) : std::nullopt;
}

std::string EnvironmentName(const std::string& variable) {
  return "AIRFLOW_VAR_" + variable;
}

std::optional<Setting> ReadSetting(const std::string& flag, const std::string& flag_value,
                                   const std::string& variable) {
  if (!flag_value.empty()) return Setting{flag_value, flag, ExitCode::kUsage};
  if (auto value = AirflowVariable(variable)) {
    return Setting{std::move(*value), EnvironmentName(variable), ExitCode::kConfig};
  }
  return std::nullopt;
}

std::optional<Instant> ReadDate(const std::string& flag, const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (const auto date = ParseInstant(text)) return date;
  throw TaskError(ExitCode::kUsage,
                  fmt::format("{}: '{}' is not a date such as 2026-11-22T22:34:00Z", flag, text));
}

}  // namespace steamflow
