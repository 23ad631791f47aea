#pragma once

#include <optional>
#include <string>

#include "timestamp.h"

namespace steamflow {

// Identifies the Airflow run that this process belongs to. The values come from the AIRFLOW_CTX_
// variables that Airflow sets; values that are not set stay empty, as for a person at a shell.
struct RunIdentity {
  std::string dag_id;
  std::string task_id;
  std::string run_id;
  std::optional<int> try_number;
  std::optional<int> map_index;
  Instant logical_date{};
};

// Reads the identity of the run. `logical_date_flag` is the value of --logical-date or empty. The
// logical date comes from the first of these that is present: the flag, AIRFLOW_CTX_LOGICAL_DATE
// (Airflow 3), AIRFLOW_CTX_EXECUTION_DATE (Airflow 2), the time inside the run ID
// ("manual__2026-11-22T22:34:00+00:00"), and the current time. Throws TaskError if a value is
// invalid: kUsage for the flag, kConfig for a variable.
RunIdentity ReadRunIdentity(const std::string& logical_date_flag);

}  // namespace steamflow
