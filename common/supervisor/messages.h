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

// The messages between a task and its supervisor, as far as a task needs them. Their names and
// fields come from schema.json of apache-airflow-task-sdk. Pure: no I/O.
namespace airflow {

// The version of that schema. A bundle's manifest names it, so that a supervisor with a later
// schema translates its messages.
inline constexpr std::string_view kSchemaVersion = "2026-06-16";

// The first message that a task receives: which task instance it is.
struct StartupDetails {
  std::string ti_id;
  std::string dag_id;
  std::string task_id;
  std::string run_id;
  std::int64_t try_number = 0;
  std::int64_t map_index = -1;  // -1 = not mapped
  std::string logical_date;     // ISO 8601; run_after if the run has no logical date
  bool should_retry = false;    // whether retries are left
  std::vector<std::string> xcom_keys_to_clear;
  std::map<std::string, std::string> context_carrier;  // traceparent, tracestate

  // Returns the W3C trace context of the task instance, or an empty string if there is none.
  std::string traceparent() const;

  bool operator==(const StartupDetails&) const = default;
};

// The error is a sentence with the missing fields, or with the type of a message of another type.
tl::expected<StartupDetails, std::string> ParseStartupDetails(const Json& body);

// Formats the details so that ParseStartupDetails() can read them. The dispatcher hands them to the
// task's program in this form.
Json FormatStartupDetails(const StartupDetails& details);

// The ids of the tasks that a bundle contains, by the id of their DAG.
using Tasks = std::map<std::string, std::vector<std::string>>;

// Returns the answer to a first message that is a question of Airflow's DAG processor (3.4 or
// later), and nullopt for any other message. The DAG processor asks each bundle which tasks it
// runs, and which DAGs it defines; it defines none, because the DAGs are written in Python.
std::optional<Json> AnswerParseRequest(const Json& body, const Tasks& tasks);

// Why a request did not succeed.
struct Refusal {
  enum class Kind {
    kNotFound,    // no such Connection, Variable, XCom
    kDenied,      // permission denied
    kRefused,     // by Airflow's API, which may be down: a retry may help
    kLost,        // no answer in time, or the connection is closed
    kImpossible,  // the request is too large to be sent
  };
  Kind kind;
  std::string message;  // for the log
};

// Returns the body of a successful response. A refusal is either in the field `error` or is itself
// the body, with the type ErrorResponse.
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

// An event of an asset that the task has filled.
struct OutletEvent {
  std::string name;
  std::string uri;
  Json extra;  // any object; Airflow shows it with the event
};

// The ways in which a task ends. One of them is the last request of the task. `now` is ISO 8601.
Json Succeed(const std::string& now, const std::vector<OutletEvent>& events);
Json Retry(const std::string& now, const std::string& reason, std::optional<double> delay_seconds);
Json Fail(const std::string& now);  // for good, even if retries are left
Json Skip(const std::string& now);

}  // namespace requests

}  // namespace airflow
