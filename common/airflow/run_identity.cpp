#include "run_identity.h"

#include <fmt/format.h>

#include "environment.h"
#include "parse_number.h"
#include "task_error.h"

namespace steamflow {
namespace {

std::optional<int> IntegerFrom(const std::string& name) {
  const auto text = EnvironmentValue(name);
  if (!text) return std::nullopt;
  const auto value = ParseNumber<int>(*text);
  if (!value) {
    throw TaskError(ExitCode::kConfig,
                    fmt::format("reading {}: '{}' is not a whole number", name, *text));
  }
  return value;
}

std::optional<Instant> DateInRunId(const std::string& run_id) {
  const auto separator = run_id.find("__");
  if (separator == std::string::npos) return std::nullopt;
  std::string_view rest;
  return ParseInstant(std::string_view(run_id).substr(separator + 2), &rest);
}

Instant LogicalDate(const std::string& flag, const std::string& run_id) {
  if (!flag.empty()) {
    if (const auto date = ParseInstant(flag)) return *date;
    throw TaskError(
        ExitCode::kUsage,
        fmt::format("--logical-date: '{}' is not a date such as 2026-11-22T22:34:00Z", flag));
  }
  for (const char* name : {"AIRFLOW_CTX_LOGICAL_DATE", "AIRFLOW_CTX_EXECUTION_DATE"}) {
    const auto text = EnvironmentValue(name);
    if (!text) continue;
    if (const auto date = ParseInstant(*text)) return *date;
    throw TaskError(
        ExitCode::kConfig,
        fmt::format("{}: '{}' is not a date such as 2026-11-22T22:34:00+00:00", name, *text));
  }
  return DateInRunId(run_id).value_or(Now());
}

}  // namespace

RunIdentity ReadRunIdentity(const std::string& logical_date_flag) {
  RunIdentity run;
  run.dag_id = EnvironmentValue("AIRFLOW_CTX_DAG_ID").value_or("");
  run.task_id = EnvironmentValue("AIRFLOW_CTX_TASK_ID").value_or("");
  run.run_id = EnvironmentValue("AIRFLOW_CTX_DAG_RUN_ID").value_or("");
  run.try_number = IntegerFrom("AIRFLOW_CTX_TRY_NUMBER");
  run.map_index = IntegerFrom("AIRFLOW_CTX_MAP_INDEX");
  run.logical_date = LogicalDate(logical_date_flag, run.run_id);
  return run;
}

}  // namespace steamflow
