#include "result.h"

#include <fmt/format.h>

#include "json.h"
#include "version.h"

namespace steamflow {
namespace {

constexpr std::size_t kLongestError = 4096;   // bytes
constexpr std::size_t kListEnd = 24U << 10U;  // lists stop growing the line here
constexpr std::size_t kLongestLine = 48U << 10U;

std::string TextOrNull(const std::string& text) {
  if (text.empty()) return "null";
  std::string out;
  AppendJsonString(out, text);
  return out;
}

std::string FormatRun(const RunIdentity& run) {
  JsonObject json;
  json.AddRaw("dag_id", TextOrNull(run.dag_id))
      .AddRaw("task_id", TextOrNull(run.task_id))
      .AddRaw("run_id", TextOrNull(run.run_id))
      .AddRaw("try_number", run.try_number ? fmt::to_string(*run.try_number) : "null")
      .Add("map_index", run.map_index)
      .Add("logical_date", FormatUtc(run.logical_date));
  return json.Take();
}

std::string FormatSource(const SourceResult& source) {
  JsonObject items;
  items.Add("ok", source.items.ok)
      .Add("empty", source.items.empty)
      .Add("withheld", source.items.withheld)
      .Add("absent", source.items.absent)
      .Add("rejected", source.items.rejected);
  JsonObject json;
  json.Add("requests", source.requests)
      .Add("retries", source.retries)
      .AddRaw("items", items.Take());
  return json.Take();
}

std::string FormatKafka(const SinkResult& sink) {
  JsonObject json;
  json.Add("topic", sink.topic)
      .Add("records", sink.records)
      .Add("acknowledged", sink.acknowledged)
      .Add("bytes", sink.bytes)
      .Add("dead_letters", sink.dead_letters);
  return json.Take();
}

std::string FormatCursor(const CursorResult& cursor) {
  JsonObject json;
  json.Add("key", cursor.key)
      .AddRaw("from", cursor.from ? TextOrNull(*cursor.from) : "null")
      .Add("to", cursor.to)
      .Add("advanced", cursor.advanced);
  return json.Take();
}

// Leaves the elements that fit into the room, and takes their size from it. Returns how many did
// not fit.
std::size_t CutToFit(std::vector<std::string>& elements, std::size_t& room) {
  std::size_t shown = 0;
  while (shown < elements.size() && elements[shown].size() < room) {
    room -= elements[shown++].size() + 1;
  }
  const std::size_t omitted = elements.size() - shown;
  elements.resize(shown);
  return omitted;
}

std::string FormatError(const ResultHead& head) {
  if (head.error.empty()) return "null";
  std::string message = head.error.substr(0, kLongestError);
  if (message.size() < head.error.size()) message += "...";
  JsonObject json;
  json.Add("kind", Kind(head.exit_code)).Add("message", message);
  return json.Take();
}

std::string_view Status(ExitCode code) {
  if (code == ExitCode::kSuccess) return "success";
  return code == ExitCode::kSkipped ? "skipped" : "failed";
}

}  // namespace

std::string FormatResult(const ResultHead& head, const Result& result) {
  JsonObject line;
  line.Add("task", head.task)
      .Add("version", kVersion)
      .Add("status", Status(head.exit_code))
      .Add("exit_code", static_cast<int>(head.exit_code))
      .Add("retryable", IsRetryable(head.exit_code))
      .AddRaw("run", FormatRun(head.run));
  if (result.source) line.AddRaw("source", FormatSource(*result.source));
  if (result.sink && result.sink->type == "kafka") {
    line.AddRaw("kafka", FormatKafka(*result.sink));
  } else if (result.sink) {
    JsonObject sink;
    sink.Add("type", result.sink->type).Add("records", result.sink->records);
    line.AddRaw("sink", sink.Take());
  }
  auto lists = result.lists;
  if (!result.cursors.empty()) {
    lists.insert(lists.begin(), {"cursors", {}});
    for (const CursorResult& cursor : result.cursors) {
      lists.front().second.push_back(FormatCursor(cursor));
    }
  }
  std::size_t room = kListEnd;
  std::vector<std::pair<std::string, std::size_t>> omitted;
  for (auto& [name, elements] : lists) {
    if (const auto count = CutToFit(elements, room)) omitted.emplace_back(name + "_omitted", count);
    line.AddRaw(name, JsonArray(elements));
  }
  const std::string error = FormatError(head);
  std::size_t used = kListEnd - room + error.size();
  for (const auto& [name, json] : result.sections) {
    // 4 KiB are more than what is fixed in length needs.
    if (used + json.size() + (4U << 10U) > kLongestLine) {
      line.AddRaw(name, "null");
      continue;
    }
    used += json.size();
    line.AddRaw(name, json);
  }
  line.AddRaw("error", error)
      .AddRaw("elapsed_seconds", fmt::format("{:.3f}", head.elapsed_seconds));
  for (const auto& [name, count] : omitted) line.Add(name, std::uint64_t{count});
  return line.Take();
}

}  // namespace steamflow
