#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "frame.h"

// The messages of the supervisor's schema (schema.json of apache-airflow-task-sdk) that a task
// needs. Pure: no I/O.
namespace airflow {

// The version of the schema that these are of, for a bundle's manifest: the supervisor translates
// where its own is later.
inline constexpr std::string_view kSchemaVersion = "2026-06-16";

// What a task is told first.
struct StartupDetails {
  std::string ti_id;
  std::string dag_id;
  std::string task_id;
  std::string run_id;
  std::int64_t try_number = 0;
  std::int64_t map_index = -1;  // -1 = not mapped
  std::string logical_date;     // ISO 8601; run_after where the run has none
  bool should_retry = false;    // whether retries are left
  std::vector<std::string> xcom_keys_to_clear;
  std::map<std::string, std::string> context_carrier;  // traceparent, tracestate

  // The W3C trace context of the task instance; empty where Airflow gives none.
  std::string traceparent() const;

  bool operator==(const StartupDetails&) const = default;
};

// Errors: a sentence that names what is missing, or the type of another message.
tl::expected<StartupDetails, std::string> ParseStartupDetails(const Json& body);

// A message of these alone, for another program of the task.
Json FormatStartupDetails(const StartupDetails& details);

// The tasks that a program runs, by the id of their DAG.
using Tasks = std::map<std::string, std::vector<std::string>>;

// The answer to a first message that asks instead of naming a task, nothing to any other. Airflow's
// Dag processor (3.4 and later) asks each program which tasks it runs, and which DAGs it defines:
// none, as DAGs are Python.
std::optional<Json> AnswerParseRequest(const Json& body, const Tasks& tasks);

// What the supervisor refuses, or what becomes of a request that has no answer.
struct Refusal {
  enum class Kind {
    kNotFound,    // no such Connection, Variable, XCom
    kDenied,      // the task may not
    kRefused,     // by Airflow's API, which may be down
    kLost,        // no answer in time, or no supervisor any more
    kImpossible,  // the request is too large
  };
  Kind kind;
  std::string message;
};

// The body of a response, where it is no refusal: that is in `error`, or is the body itself.
tl::expected<Json, Refusal> ParseResponse(Response response);

namespace requests {

Json GetConnection(const std::string& id);
Json GetVariable(const std::string& key);
Json PutVariable(const std::string& key, const std::string& value);
Json DeleteVariable(const std::string& key);
Json MaskSecret(const std::string& value);
Json GetXCom(const StartupDetails& task, const std::string& task_id, const std::string& key);
Json SetXCom(const StartupDetails& task, const std::string& key, const Json& value);
Json DeleteXCom(const StartupDetails& task, const std::string& key);

// The ends of a task; one of them is the last request. `now` is ISO 8601.
// An asset that the task fills, and what its event says beside that.
struct OutletEvent {
  std::string name;
  std::string uri;
  Json extra;
};
Json Succeed(const std::string& now, const std::vector<OutletEvent>& events);
Json Retry(const std::string& now, const std::string& reason, std::optional<double> delay_seconds);
Json Fail(const std::string& now);  // for good, whatever retries are left
Json Skip(const std::string& now);

}  // namespace requests

}  // namespace airflow
