#include "result.h"

#include <fmt/format.h>

#include <algorithm>

#include "json.h"
#include "version.h"

namespace steamflow {
namespace {

// Bytes as JSON.
constexpr std::size_t kLongestError = 4U << 10U;
constexpr std::size_t kLongestName = 1U << 10U;
constexpr std::size_t kListEnd = 24U << 10U;  // lists stop growing the line here
constexpr std::size_t kLongestLine = 48U << 10U;
constexpr std::size_t kFixed = 8U << 10U;  // more than four names and all the numbers need

// `text` as a JSON string of at most `room` bytes: cut between two characters where it is longer.
std::string Clipped(std::string_view text, std::size_t room) {
  std::string json;
  AppendJsonString(json, text.substr(0, room));
  if (json.size() <= room && text.size() <= room) return json;
  std::size_t size = std::min(text.size(), room);
  do {
    size = size * 3 / 4;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
    json.clear();
    AppendJsonString(json, std::string(text.substr(0, size)) + "...");
  } while (json.size() > room);
  return json;
}

std::string NameOrNull(const std::string& text) {
  return text.empty() ? "null" : Clipped(text, kLongestName);
}

std::string FormatRun(const RunIdentity& run) {
  JsonObject json;
  json.AddRaw("dag_id", NameOrNull(run.dag_id))
      .AddRaw("task_id", NameOrNull(run.task_id))
      .AddRaw("run_id", NameOrNull(run.run_id))
      .AddRaw("try_number", run.try_number ? fmt::to_string(*run.try_number) : "null")
      .Add("map_index", run.map_index.value_or(-1))  // as Airflow does
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
  json.AddRaw("topic", NameOrNull(sink.topic))
      .Add("records", sink.records)
      .Add("acknowledged", sink.acknowledged)
      .Add("bytes", sink.bytes)
      .Add("dead_letters", sink.dead_letters);
  return json.Take();
}

std::string FormatDrained(const DrainResult& drain) {
  JsonObject topics;
  for (const DrainResult::Topic& topic : drain.topics) {
    JsonObject json;
    json.Add("records", topic.records).Add("partitions", topic.partitions).Add("lag", topic.lag);
    topics.AddRaw(topic.name, json.Take());
  }
  JsonObject json;
  json.Add("records", drain.records()).AddRaw("topics", topics.Take());
  return json.Take();
}

std::string FormatStored(const DrainResult& drain) {
  JsonObject json;
  json.Add("type", drain.store)
      .Add("inserted", drain.inserted)
      .Add("duplicates", drain.duplicates)
      .Add("dead_letters", drain.dead_letters);
  return json.Take();
}

std::string FormatCursor(const CursorResult& cursor) {
  JsonObject json;
  json.Add("key", cursor.key)
      .AddRaw("from", cursor.from ? NameOrNull(*cursor.from) : "null")
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
  JsonObject json;
  json.Add("kind", Kind(head.exit_code)).AddRaw("message", Clipped(head.error, kLongestError));
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
  auto sections = result.sections;
  if (result.drain) {
    sections.insert(sections.begin(), {{"source", FormatDrained(*result.drain)},
                                       {"sink", FormatStored(*result.drain)}});
  }
  for (const auto& [name, json] : sections) {
    if (used + json.size() + kFixed > kLongestLine) {
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
