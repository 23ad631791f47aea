#pragma once

#include <optional>
#include <string>

#include "timestamp.h"

namespace steamflow {

// Which Airflow run this process belongs to, from the AIRFLOW_CTX_ variables that Airflow sets.
// What is absent (a person at a shell) stays empty.
struct RunIdentity {
  std::string dag_id;
  std::string task_id;
  std::string run_id;
  std::optional<int> try_number;
  std::optional<int> map_index;
  Instant logical_date{};
};

// `logical_date_flag` is the value of --logical-date or empty. The logical date is that flag, else
// AIRFLOW_CTX_LOGICAL_DATE (Airflow 3), AIRFLOW_CTX_EXECUTION_DATE (Airflow 2), the time inside the
// run id ("manual__2026-11-22T22:34:00+00:00"), else now. Throws TaskError: kUsage for a flag, and
// kConfig for a variable, that is no date.
RunIdentity ReadRunIdentity(const std::string& logical_date_flag);

}  // namespace steamflow
