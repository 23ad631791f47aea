#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "mock_kafka.h"
#include "scripted_server.h"
#include "task_fixture.h"

// A fake search server for the Elasticsearch sink. It keeps documents and positions, and has the
// faults that a test sets.
namespace steamflow::test {

// One item of a body: the action and the id.
struct Item {
  std::string id;
  std::string index;
  std::string action;
  std::string document;
};

inline std::vector<Item> ItemsOf(const std::string& body) {
  std::vector<Item> items;
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) {
    const JsonValue action(line);
    Item& item = items.emplace_back();
    item.action = action.Names().front();
    item.id = action.Text("/" + item.action + "/_id");
    item.index = action.Text("/" + item.action + "/_index");
    if (item.action != "delete") std::getline(lines, item.document);
  }
  return items;
}

// Keeps documents by their ids, as a real server does for the action `create`. The test says what
// goes wrong.
class BulkFaults : public ::testing::Test {
 protected:
  using Fault = std::function<std::optional<ScriptedResponse>(const std::vector<Item>&)>;

  static ScriptedResponse Error(int status, const std::string& type) {
    return {.status = status,
            .body = R"({"error":{"type":")" + type + R"(","reason":"as told"},"status":)" +
                    std::to_string(status) + "}"};
  }

  ScriptedResponse Respond(const HttpCall& call) {
    if (call.target.starts_with("/_mget")) return {.body = Positions(call.body)};
    if (call.target == "/t-undated") return looked_at_.value_or(ScriptedResponse{.body = kIndex});
    if (call.target == "/steamflow-positions") {
      return {.body = R"({"steamflow-positions":{"aliases":{},"mappings":{},"settings":{}}})"};
    }
    if (!call.target.starts_with("/_bulk")) {
      return {.body = R"({"index_templates":[{"name":"steamflow-t"},{"name":"steamflow-t-undated"},
                          {"name":"steamflow-steamflow-positions"}]})"};
    }
    if (call.body.find("\"steamflow-positions\"") != std::string::npos) {
      if (auto fault = at_position_ ? at_position_() : std::nullopt) return *fault;
      ScriptedResponse response{.body = MovePositions(call.body)};
      if (auto fault = after_position_ ? after_position_() : std::nullopt) return *fault;
      return response;
    }
    EXPECT_EQ(call.method, "POST");
    EXPECT_EQ(call.headers.at("content-encoding"), "gzip");
    EXPECT_EQ(call.headers.at("content-type"), "application/x-ndjson");
    const auto items = ItemsOf(call.body);
    requests_.push_back(items.size());
    if (auto fault = before_ ? before_(items) : std::nullopt) return *fault;
    std::string response;
    for (const Item& item : items) {
      int status = item_status_ ? item_status_(item) : 0;
      if (status == 0) status = documents_.insert(item.id).second ? 201 : 409;
      const std::string error =
          status < 300 ? "" : R"(,"error":{"type":")" + TypeOf(status) + R"(","reason":"as told"})";
      response += (response.empty() ? "" : ",") +
                  ("{\"" + item.action + R"(":{"_index":")" + item.index + R"(","_id":")" +
                   item.id + R"(","status":)" + std::to_string(status) + error + "}}");
    }
    if (auto fault = after_ ? after_(items) : std::nullopt) return *fault;
    return {.body = "{\"took\":1,\"errors\":false,\"items\":[" + response + "]}"};
  }

  static std::string TypeOf(int status) {
    return status == 409   ? "version_conflict_engine_exception"
           : status == 400 ? "mapper_parsing_exception"
                           : "told";
  }
  // Responds to _mget and _bulk requests for the document with the only position.
  std::string Positions(const std::string& body) const {
    std::string documents;
    const JsonValue asked(body);
    for (std::size_t i = 0; i < asked.Size("/docs"); ++i) {
      const std::string id = asked.Text("/docs/" + std::to_string(i) + "/_id");
      const auto held = positions_.find(id);
      documents += i == 0 ? "" : ",";
      documents += held == positions_.end() ? R"({"found":false})"
                                            : R"({"found":true,"_primary_term":1,"_seq_no":)" +
                                                  std::to_string(held->second.first) +
                                                  R"(,"_source":)" + held->second.second + "}";
    }
    return "{\"docs\":[" + documents + "]}";
  }
  std::string MovePositions(const std::string& body) {
    std::string response;
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) {
      const JsonValue action(line);
      const std::string name = action.Names().front();
      const std::string id = action.Text("/" + name + "/_id");
      std::string document;
      std::getline(lines, document);
      const auto held = positions_.find(id);
      const bool is_free =
          name == "create"
              ? held == positions_.end()
              : held != positions_.end() && action.Number("/index/if_seq_no") == held->second.first;
      if (is_free) positions_[id] = {++seq_no_, document};
      response +=
          (response.empty() ? "{\"" : ",{\"") + name + R"(":{"status":)" +
          (is_free ? "201}}" : R"(409,"error":{"type":"version_conflict_engine_exception"}}})");
    }
    return R"({"items":[)" + response + "]}";
  }

  void WriteMany(int count, const std::string& filling = "") const {
    std::vector<NewMessage> messages;
    for (int i = 0; i < count; ++i) {
      messages.push_back({"k",
                          R"({"timestamp":"2026-11-22T22:34:00Z","f":")" + filling + "\"}",
                          {{"event_id", std::to_string(i)}}});
    }
    WriteTopic(kafka_.brokers(), "t", messages);
  }
  std::vector<std::string> Command(std::vector<std::string> flags) const {
    flags.insert(flags.begin(), {"kafka-to-elasticsearch", "--topic", "t"});
    return flags;
  }
  Ended Run(const std::vector<std::string>& flags = {}) const {
    return RunProgram(Command(flags), environment_);
  }
  void ExpectRun(int exit_code, int inserted, int duplicates, int dead_letters,
                 const std::vector<std::string>& flags = {}) const {
    const Ended run = Run(flags);
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    EXPECT_EQ(run.Result().Raw("/sink"), R"({"type":"elasticsearch","inserted":)" +
                                             std::to_string(inserted) + R"(,"duplicates":)" +
                                             std::to_string(duplicates) + R"(,"dead_letters":)" +
                                             std::to_string(dead_letters) + "}");
  }
  // Starts the task, for faults that do something to it. The task may send requests before this
  // returns.
  void Start() {
    const std::lock_guard lock(starting_);
    program_.emplace(Command({}), environment_);
  }
  Program& Started() {
    const std::lock_guard lock(starting_);
    return *program_;
  }
  // Returns a fault that gives these responses to the next requests, one each.
  static Fault First(std::vector<ScriptedResponse> responses) {
    return [responses](const std::vector<Item>&) mutable -> std::optional<ScriptedResponse> {
      if (responses.empty()) return std::nullopt;
      const ScriptedResponse response = responses.front();
      responses.erase(responses.begin());
      return response;
    };
  }
  std::size_t Answered() const {  // the number of bulk requests
    const auto calls = server_.calls();
    return static_cast<std::size_t>(
        std::count_if(calls.begin(), calls.end(), [](const HttpCall& call) {
          return call.target.starts_with("/_bulk") &&
                 call.body.find("\"steamflow-positions\"") == std::string::npos;
        }));
  }
  std::set<std::string> Letters() const {
    return EventIdsOnce(ReadTopic(kafka_.brokers(), kDeadLetters));
  }

  std::optional<ScriptedResponse> looked_at_;  // replaces the response to GET of the index
  static constexpr char kIndex[] =
      R"({"t-undated":{"aliases":{"t":{}},"mappings":{"dynamic":"false",
      "properties":{"@timestamp":{"type":"date"}}},
      "settings":{"index":{"mapping":{"ignore_malformed":"true"}}}}})";
  Fault before_;                                 // responds without doing anything
  Fault after_;                                  // replaces the response after everything was done
  std::function<int(const Item&)> item_status_;  // the status of an item; 0 for the real one
  // Responds instead of moving a position.
  std::function<std::optional<ScriptedResponse>()> at_position_;
  // Replaces the response after a position was moved.
  std::function<std::optional<ScriptedResponse>()> after_position_;
  std::set<std::string> documents_;
  std::map<std::string, std::pair<std::int64_t, std::string>> positions_;
  std::int64_t seq_no_ = 0;
  std::vector<std::size_t> requests_;  // the number of items in each bulk request
  ScriptedServer server_{[this](const HttpCall& call) { return Respond(call); }};
  MockKafka kafka_;
  Environment environment_{{"AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", server_.url()},
                           {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + kafka_.brokers()},
                           {"AIRFLOW_CTX_DAG_RUN_ID", kRunId}};

 private:
  std::mutex starting_;
  std::optional<Program> program_;
};

}  // namespace steamflow::test
