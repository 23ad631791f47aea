#include "run_identity.h"

#include <gtest/gtest.h>

#include "airflow_variable.h"
#include "environment.h"
#include "test_run.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::ScopedEnvironment;

// Returns an environment without any trace of an Airflow run.
ScopedEnvironment::Values Shell(const ScopedEnvironment::Values& more = {}) {
  ScopedEnvironment::Values values = more;
  for (const char* name : {"DAG_ID", "TASK_ID", "DAG_RUN_ID", "TRY_NUMBER", "MAP_INDEX",
                           "LOGICAL_DATE", "EXECUTION_DATE"}) {
    values.emplace(std::string("AIRFLOW_CTX_") + name, std::nullopt);
  }
  return values;
}

TEST(EnvironmentValueTest, EmptyIsUnset) {
  const ScopedEnvironment environment({{"STEAMFLOW_X", ""}, {"STEAMFLOW_Y", " "}});
  EXPECT_FALSE(EnvironmentValue("STEAMFLOW_X"));
  EXPECT_EQ(EnvironmentValue("STEAMFLOW_Y"), " ");
  EXPECT_FALSE(EnvironmentValue("STEAMFLOW_NEVER_SET"));
}

TEST(AirflowVariableTest, IsReadFromItsEnvironmentName) {
  const ScopedEnvironment environment("AIRFLOW_VAR_STEAM_GAMES", "{}");
  EXPECT_EQ(AirflowVariable("STEAM_GAMES"), "{}");
}

TEST(RunIdentityTest, OfAShellIsEmptyAndNow) {
  const ScopedEnvironment environment(Shell());
  const Instant before = Now();
  const RunIdentity run = ReadRunIdentity("");
  EXPECT_EQ(run.dag_id + run.task_id + run.run_id, "");
  EXPECT_FALSE(run.try_number);
  EXPECT_EQ(run.map_index, std::nullopt);
  EXPECT_GE(run.logical_date, before);
  EXPECT_LE(run.logical_date, Now());
}

TEST(RunIdentityTest, OfAirflow3) {
  const ScopedEnvironment environment(
      Shell({{"AIRFLOW_CTX_DAG_ID", "steam_user"},
             {"AIRFLOW_CTX_TASK_ID", "fetch"},
             {"AIRFLOW_CTX_DAG_RUN_ID", "scheduled__2026-11-22T22:30:00+00:00"},
             {"AIRFLOW_CTX_TRY_NUMBER", "2"},
             {"AIRFLOW_CTX_MAP_INDEX", "3"},
             {"AIRFLOW_CTX_LOGICAL_DATE", "2026-11-22T22:34:00+00:00"}}));
  const RunIdentity run = ReadRunIdentity("");
  EXPECT_EQ(run.dag_id, "steam_user");
  EXPECT_EQ(run.task_id, "fetch");
  EXPECT_EQ(run.run_id, "scheduled__2026-11-22T22:30:00+00:00");
  EXPECT_EQ(run.try_number, 2);
  EXPECT_EQ(run.map_index, 3);
  EXPECT_EQ(FormatUtc(run.logical_date), "2026-11-22T22:34:00Z");
}

struct Source {
  const char* flag;
  std::optional<std::string> airflow3;
  std::optional<std::string> airflow2;
  const char* run_id;
  const char* expected;
};

TEST(RunIdentityTest, TheLogicalDateComesFromTheFirstThatIsThere) {
  const char* const by_run_id = "manual__2026-01-04T00:00:00+00:00";
  const Source cases[] = {
      {"2026-01-01", "2026-01-02", "2026-01-03", by_run_id, "2026-01-01T00:00:00Z"},
      {"", "2026-01-02", "2026-01-03", by_run_id, "2026-01-02T00:00:00Z"},
      {"", std::nullopt, "2026-01-03", by_run_id, "2026-01-03T00:00:00Z"},
      {"", "", "", by_run_id, "2026-01-04T00:00:00Z"},
      // The run IDs of Airflow 2, and those of Airflow 3, which end in random characters.
      {"", {}, {}, "scheduled__2026-11-22T22:34:00+00:00", "2026-11-22T22:34:00Z"},
      {"", {}, {}, "backfill__2026-11-22T22:34:00+09:00", "2026-11-22T13:34:00Z"},
      {"", {}, {}, "manual__2026-11-22T22:34:05.123456+00:00", "2026-11-22T22:34:05Z"},
      {"", {}, {}, "manual__2026-11-22T22:34:05.123456+00:00_Xy12AbCd", "2026-11-22T22:34:05Z"},
      {"", {}, {}, "asset_triggered__2026-11-22T22:34:05+00:00_Xy12AbCd", "2026-11-22T22:34:05Z"},
  };
  for (const Source& each : cases) {
    const ScopedEnvironment environment(Shell({{"AIRFLOW_CTX_LOGICAL_DATE", each.airflow3},
                                               {"AIRFLOW_CTX_EXECUTION_DATE", each.airflow2},
                                               {"AIRFLOW_CTX_DAG_RUN_ID", each.run_id}}));
    EXPECT_EQ(FormatUtc(ReadRunIdentity(each.flag).logical_date), each.expected) << each.run_id;
  }
}

TEST(RunIdentityTest, ARunIdWithoutATimeMeansNow) {
  for (const char* id : {"my own run", "manual__", "manual__yesterday", "2026-11-22T22:34:00"}) {
    const ScopedEnvironment environment(Shell({{"AIRFLOW_CTX_DAG_RUN_ID", id}}));
    const Instant before = Now();
    EXPECT_GE(ReadRunIdentity("").logical_date, before) << id;
  }
}

TEST(RunIdentityTest, RefusesGarbageWithTheNameOfTheSetting) {
  std::string message;
  {
    const ScopedEnvironment environment(Shell());
    EXPECT_EQ(CodeOf([] { ReadRunIdentity("tomorrow"); }, &message), ExitCode::kUsage);
    EXPECT_NE(message.find("--logical-date"), std::string::npos);
  }
  for (const char* name : {"AIRFLOW_CTX_LOGICAL_DATE", "AIRFLOW_CTX_EXECUTION_DATE",
                           "AIRFLOW_CTX_TRY_NUMBER", "AIRFLOW_CTX_MAP_INDEX"}) {
    const ScopedEnvironment environment(Shell({{name, "None"}}));
    EXPECT_EQ(CodeOf([] { ReadRunIdentity(""); }, &message), ExitCode::kConfig) << name;
    EXPECT_NE(message.find(name), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace steamflow
