#include "messages.h"

#include <fmt/format.h>

#include <utility>

namespace airflow {
namespace {

constexpr std::size_t kLongestReason = 500;  // the width of the column in Airflow's database

const Json& FieldOf(const Json& json, const char* name) {
  static const Json kNone;
  if (!json.is_object()) return kNone;
  const auto found = json.find(name);
  return found == json.end() ? kNone : *found;
}

std::string TextOf(const Json& json) {
  return json.is_string() ? json.get<std::string>() : "";
}

// Reads required fields and collects the names of those that are missing.
class Missing {
 public:
  std::string Text(const Json& parent, const char* name) {
    std::string text = TextOf(FieldOf(parent, name));
    if (text.empty()) names_ += fmt::format("{}{}", names_.empty() ? "" : ", ", name);
    return text;
  }
  std::int64_t Number(const Json& parent, const char* name) {
    const Json& number = FieldOf(parent, name);
    if (number.is_number_integer()) return number.get<std::int64_t>();
    names_ += fmt::format("{}{}", names_.empty() ? "" : ", ", name);
    return 0;
  }
  const std::string& names() const { return names_; }

 private:
  std::string names_;
};

Refusal::Kind KindOf(const std::string& error) {
  if (error.ends_with("_NOT_FOUND")) return Refusal::Kind::kNotFound;
  return error == "PERMISSION_DENIED" ? Refusal::Kind::kDenied : Refusal::Kind::kRefused;
}

// {"error":"API_SERVER_ERROR","detail":{"status_code":503,"message":"..."}}
Refusal ParseError(const Json& error) {
  const std::string name = TextOf(FieldOf(error, "error"));
  const Json& detail = FieldOf(error, "detail");
  std::string message = name.empty() ? "an error without a name" : name;
  if (const Json& status = FieldOf(detail, "status_code"); status.is_number_integer()) {
    message += fmt::format(", status {}", status.get<std::int64_t>());
  }
  const std::string cause = TextOf(FieldOf(detail, "message"));
  if (!cause.empty()) message += ": " + cause;
  return {KindOf(name), std::move(message)};
}

}  // namespace

std::string StartupDetails::traceparent() const {
  const auto found = context_carrier.find("traceparent");
  return found == context_carrier.end() ? "" : found->second;
}

tl::expected<StartupDetails, std::string> ParseStartupDetails(const Json& body) {
  const std::string type = TextOf(FieldOf(body, "type"));
  if (type != "StartupDetails") {
    return tl::unexpected(fmt::format("the first message is '{}', not StartupDetails", type));
  }
  const Json& ti = FieldOf(body, "ti");
  const Json& context = FieldOf(body, "ti_context");
  const Json& dag_run = FieldOf(context, "dag_run");
  Missing missing;
  StartupDetails details;
  details.ti_id = missing.Text(ti, "id");
  details.dag_id = missing.Text(ti, "dag_id");
  details.task_id = missing.Text(ti, "task_id");
  details.run_id = missing.Text(ti, "run_id");
  details.try_number = missing.Number(ti, "try_number");
  const Json& map_index = FieldOf(ti, "map_index");
  if (map_index.is_number_integer()) details.map_index = map_index.get<std::int64_t>();
  details.logical_date = TextOf(FieldOf(dag_run, "logical_date"));
  if (details.logical_date.empty()) details.logical_date = missing.Text(dag_run, "run_after");
  const Json& should_retry = FieldOf(context, "should_retry");
  details.should_retry = should_retry.is_boolean() && should_retry.get<bool>();
  for (const Json& key : FieldOf(context, "xcom_keys_to_clear")) {
    details.xcom_keys_to_clear.push_back(TextOf(key));
  }
  for (const auto& [name, value] : FieldOf(ti, "context_carrier").items()) {
    if (value.is_string()) details.context_carrier[name] = value.get<std::string>();
  }
  if (missing.names().empty()) return details;
  return tl::unexpected("StartupDetails without " + missing.names());
}

Json FormatStartupDetails(const StartupDetails& details) {
  return {{"type", "StartupDetails"},
          {"ti",
           {{"id", details.ti_id},
            {"dag_id", details.dag_id},
            {"task_id", details.task_id},
            {"run_id", details.run_id},
            {"try_number", details.try_number},
            {"map_index", details.map_index},
            {"context_carrier", details.context_carrier}}},
          {"ti_context",
           {{"dag_run", {{"logical_date", details.logical_date}}},
            {"should_retry", details.should_retry},
            {"xcom_keys_to_clear", details.xcom_keys_to_clear}}}};
}

std::optional<Json> AnswerParseRequest(const Json& body, const Tasks& tasks) {
  const std::string type = TextOf(FieldOf(body, "type"));
  const std::string file = TextOf(FieldOf(body, "file"));
  if (type == "DagFileParseRequest") {
    return Json(
        {{"type", "DagFileParsingResult"}, {"fileloc", file}, {"serialized_dags", Json::array()}});
  }
  if (type != "TaskHandlerParseRequest") return std::nullopt;
  Json handlers = Json::object();
  for (const auto& [dag_id, ids] : tasks) {
    for (const std::string& id : ids) {
      // Without the names of the parameters, Airflow checks only that the task exists.
      handlers[dag_id].push_back({{"task_id", id}, {"binding", "named"}, {"params", nullptr}});
    }
  }
  return Json(
      {{"type", "TaskHandlerParsingResult"}, {"fileloc", file}, {"task_handlers", handlers}});
}

tl::expected<Json, Refusal> ParseResponse(Response response) {
  if (!response.error.is_null()) return tl::unexpected(ParseError(response.error));
  if (TextOf(FieldOf(response.body, "type")) == "ErrorResponse") {
    return tl::unexpected(ParseError(response.body));
  }
  return std::move(response.body);
}

namespace requests {
namespace {

Json OfTask(const char* type, const StartupDetails& task, const std::string& key) {
  return {{"type", type},
          {"key", key},
          {"dag_id", task.dag_id},
          {"run_id", task.run_id},
          {"task_id", task.task_id},
          {"map_index", task.map_index}};
}

}  // namespace

Json GetConnection(const std::string& id) {
  return {{"type", "GetConnection"}, {"conn_id", id}};
}

Json GetVariable(const std::string& key) {
  return {{"type", "GetVariable"}, {"key", key}};
}

Json PutVariable(const std::string& key, const std::string& value) {
  return {{"type", "PutVariable"}, {"key", key}, {"value", value}, {"description", nullptr}};
}

Json DeleteVariable(const std::string& key) {
  return {{"type", "DeleteVariable"}, {"key", key}};
}

Json MaskSecret(const std::string& value) {
  return {{"type", "MaskSecret"}, {"value", value}};
}

Json GetXCom(const StartupDetails& task, const std::string& task_id, const std::string& key) {
  return {{"type", "GetXCom"},
          {"key", key},
          {"dag_id", task.dag_id},
          {"run_id", task.run_id},
          {"task_id", task_id}};
}

Json SetXCom(const StartupDetails& task, const std::string& key, const Json& value) {
  Json request = OfTask("SetXCom", task, key);
  request["value"] = value;
  return request;
}

Json DeleteXCom(const StartupDetails& task, const std::string& key) {
  return OfTask("DeleteXCom", task, key);
}

Json Succeed(const std::string& now, const std::vector<OutletEvent>& events) {
  Json outlets = Json::array();
  Json said = Json::array();
  for (const OutletEvent& event : events) {
    outlets.push_back({{"name", event.name}, {"uri", event.uri}, {"type", "Asset"}});
    said.push_back(
        {{"dest_asset_key", {{"name", event.name}, {"uri", event.uri}}}, {"extra", event.extra}});
  }
  return {{"type", "SucceedTask"},
          {"state", "success"},
          {"end_date", now},
          {"task_outlets", std::move(outlets)},
          {"outlet_events", std::move(said)}};
}

Json Retry(const std::string& now, const std::string& reason, std::optional<double> delay_seconds) {
  Json request = {{"type", "RetryTask"},
                  {"state", "up_for_retry"},
                  {"end_date", now},
                  {"retry_reason", reason.substr(0, kLongestReason)}};
  if (delay_seconds) request["retry_delay_seconds"] = *delay_seconds;
  return request;
}

Json Fail(const std::string& now) {
  return {{"type", "TaskState"}, {"state", "failed"}, {"end_date", now}};
}

Json Skip(const std::string& now) {
  return {{"type", "TaskState"}, {"state", "skipped"}, {"end_date", now}};
}

}  // namespace requests
}  // namespace airflow
