#include "result.h"

#include <algorithm>
#include <cmath>

#include "json_document.h"
#include "version.h"

namespace steamflow {
namespace {

// Sizes in bytes of JSON.
constexpr std::size_t kLongestError = 4U << 10U;
constexpr std::size_t kLongestName = 1U << 10U;
constexpr std::size_t kListEnd = 24U << 10U;  // lists may not grow the line beyond this
constexpr std::size_t kLongestLine = 48U << 10U;
constexpr std::size_t kFixed = 8U << 10U;  // enough for four names and all numbers

std::size_t SizeOf(const Json& json) {
  return FormatJson(json).size();
}

// Returns the text as a JSON string of at most `room` bytes. A longer text is cut between two
// characters.
Json Clipped(std::string_view text, std::size_t room) {
  if (text.size() <= room && SizeOf(text) <= room) return text;
  std::size_t size = std::min(text.size(), room);
  Json clipped;
  do {
    size = size * 3 / 4;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
    clipped = std::string(text.substr(0, size)) + "...";
  } while (SizeOf(clipped) > room);
  return clipped;
}

Json NameOrNull(const std::string& text) {
  return text.empty() ? Json() : Clipped(text, kLongestName);
}

Json ToJson(const RunIdentity& run) {
  return {{"dag_id", NameOrNull(run.dag_id)},
          {"task_id", NameOrNull(run.task_id)},
          {"run_id", NameOrNull(run.run_id)},
          {"try_number", run.try_number ? Json(*run.try_number) : Json()},
          // Airflow also uses -1 for tasks that are not mapped
          {"map_index", run.map_index.value_or(-1)},
          {"logical_date", FormatUtc(run.logical_date)}};
}

Json ToJson(const SourceResult& source) {
  return {{"requests", source.requests},
          {"retries", source.retries},
          {"items",
           {{"ok", source.items.ok},
            {"empty", source.items.empty},
            {"withheld", source.items.withheld},
            {"absent", source.items.absent},
            {"rejected", source.items.rejected}}}};
}

Json ToJson(const SinkResult& sink) {
  if (sink.type != "kafka") return {{"type", sink.type}, {"records", sink.records}};
  return {{"topic", NameOrNull(sink.topic)},
          {"records", sink.records},
          {"acknowledged", sink.acknowledged},
          {"bytes", sink.bytes},
          {"dead_letters", sink.dead_letters}};
}

Json Drained(const DrainResult& drain) {
  Json topics = Json::object();
  for (const DrainResult::Topic& topic : drain.topics) {
    topics[topic.name] = {
        {"records", topic.records}, {"partitions", topic.partitions}, {"lag", topic.lag}};
  }
  return {{"records", drain.records()}, {"topics", std::move(topics)}};
}

Json Stored(const DrainResult& drain) {
  return {{"type", drain.store},
          {"inserted", drain.inserted},
          {"duplicates", drain.duplicates},
          {"dead_letters", drain.dead_letters}};
}

Json ToJson(const CursorResult& cursor) {
  return {{"key", cursor.key},
          {"from", cursor.from ? NameOrNull(*cursor.from) : Json()},
          {"to", cursor.to},
          {"advanced", cursor.advanced}};
}

Json ErrorOf(const ResultHead& head) {
  if (head.error.empty()) return nullptr;
  return {{"kind", Kind(head.exit_code)}, {"message", Clipped(head.error, kLongestError)}};
}

std::string_view Status(ExitCode code) {
  if (code == ExitCode::kSuccess) return "success";
  return code == ExitCode::kSkipped ? "skipped" : "failed";
}

// Builds the line and keeps track of the space that is left in it.
class Line {
 public:
  explicit Line(Json head) : json_(std::move(head)) {}

  void Add(const std::string& name, Json value) { json_[name] = std::move(value); }

  // Adds the elements that fit, and the number of those omitted.
  void AddList(const std::string& name, const std::vector<Json>& elements) {
    Json shown = Json::array();
    for (const Json& element : elements) {
      const std::size_t size = SizeOf(element);
      if (size >= list_room_) break;
      list_room_ -= size + 1;
      shown.push_back(element);
    }
    if (const std::size_t omitted = elements.size() - shown.size()) {
      omitted_[name + "_omitted"] = omitted;
    }
    Add(name, std::move(shown));
  }

  // Adds the section, or null if it would not leave room for `error`, which is added later.
  void AddSection(const std::string& name, const Json& section, const Json& error) {
    const std::size_t size = SizeOf(section);
    const std::size_t used = kListEnd - list_room_ + sections_ + SizeOf(error);
    if (used + size + kFixed > kLongestLine) return Add(name, nullptr);
    sections_ += size;
    Add(name, section);
  }

  std::string Take() {
    json_.update(omitted_);
    return FormatJson(json_);
  }

 private:
  Json json_;
  Json omitted_ = Json::object();  // numbers of elements, by name_omitted
  std::size_t list_room_ = kListEnd;
  std::size_t sections_ = 0;  // bytes
};

}  // namespace

std::string FormatResult(const ResultHead& head, const Result& result) {
  Line line({{"task", head.task},
             {"version", kVersion},
             {"status", Status(head.exit_code)},
             {"exit_code", static_cast<int>(head.exit_code)},
             {"retryable", IsRetryable(head.exit_code)},
             {"run", ToJson(head.run)}});
  if (result.source) line.Add("source", ToJson(*result.source));
  if (result.sink) line.Add(result.sink->type == "kafka" ? "kafka" : "sink", ToJson(*result.sink));
  if (!result.cursors.empty()) {
    std::vector<Json> cursors;
    for (const CursorResult& cursor : result.cursors) cursors.push_back(ToJson(cursor));
    line.AddList("cursors", cursors);
  }
  for (const auto& [name, elements] : result.lists) line.AddList(name, elements);
  const Json error = ErrorOf(head);
  if (result.drain) {
    line.AddSection("source", Drained(*result.drain), error);
    line.AddSection("sink", Stored(*result.drain), error);
  }
  for (const auto& [name, section] : result.sections) line.AddSection(name, section, error);
  line.Add("error", error);
  line.Add("elapsed_seconds", std::round(head.elapsed_seconds * 1e3) / 1e3);
  return line.Take();
}

}  // namespace steamflow
