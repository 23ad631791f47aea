#pragma once

#include <optional>
#include <string>

#include "task_error.h"
#include "timestamp.h"

namespace steamflow {

// The Airflow Variable `name` as Airflow hands it to a process: AIRFLOW_VAR_<NAME>, or where that
// is not set what its supervisor says in a native task. Throws TaskError.
std::optional<std::string> AirflowVariable(const std::string& name);

// Help text of a setting that an Airflow Variable gives too: the text, then "[env: AIRFLOW_VAR_X]".
std::string WithVariable(const std::string& help, const std::string& variable);

struct Setting {
  std::string value;
  std::string source;   // "--steam-games" or "AIRFLOW_VAR_STEAM_GAMES", for messages
  ExitCode if_invalid;  // kUsage for a flag, kConfig for a Variable
};

// `flag_value` if it is not empty, else the Airflow Variable, else nothing.
std::optional<Setting> ReadSetting(const std::string& flag, const std::string& flag_value,
                                   const std::string& variable);

// The date of a flag, nothing where it is empty. Throws TaskError (kUsage).
std::optional<Instant> ReadDate(const std::string& flag, const std::string& text);

}  // namespace steamflow
