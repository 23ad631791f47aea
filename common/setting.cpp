#include "setting.h"

#include <fmt/format.h>

#include "environment.h"

namespace steamflow {

std::string WithVariable(const std::string& help, const std::string& variable) {
  return fmt::format("{} [env: AIRFLOW_VAR_{}]", help, variable);
}

std::optional<Setting> ReadSetting(const std::string& flag, const std::string& flag_value,
                                   const std::string& variable) {
  if (!flag_value.empty()) return Setting{flag_value, flag, ExitCode::kUsage};
  if (auto value = AirflowVariable(variable)) {
    return Setting{std::move(*value), "AIRFLOW_VAR_" + variable, ExitCode::kConfig};
  }
  return std::nullopt;
}

}  // namespace steamflow
