#pragma once

#include <optional>
#include <string>

#include "task_error.h"
#include "timestamp.h"

namespace steamflow {

// Returns the Airflow Variable `name`, as Airflow passes it to a process: from AIRFLOW_VAR_<NAME>,
// or if that is not set and the task is native, from Airflow's supervisor. Returns nullopt if it is
// unset or empty. Throws TaskError.
std::optional<std::string> AirflowVariable(const std::string& name);

// Returns the name of the environment variable that holds an Airflow Variable:
// "AIRFLOW_VAR_STEAM_GAMES" for "STEAM_GAMES".
std::string EnvironmentName(const std::string& variable);

// The value of a setting and where it was configured.
struct Setting {
  std::string value;
  std::string source;   // "--steam-games" or "AIRFLOW_VAR_STEAM_GAMES", for messages
  ExitCode if_invalid;  // kUsage for a flag, kConfig for a Variable
};

// Returns `flag_value` unless it is empty, otherwise the Airflow Variable, or nullopt if neither is
// set.
std::optional<Setting> ReadSetting(const std::string& flag, const std::string& flag_value,
                                   const std::string& variable);

// Parses the date that was given to a flag. Returns nullopt if `text` is empty. Throws TaskError
// (kUsage) if it is not a date.
std::optional<Instant> ReadDate(const std::string& flag, const std::string& text);

}  // namespace steamflow
