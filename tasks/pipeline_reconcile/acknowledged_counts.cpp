#include "acknowledged_counts.h"

#include <fmt/format.h>

#include <algorithm>

#include "environment.h"
#include "file_io.h"
#include "json_document.h"
#include "task_error.h"

namespace steamflow {
namespace {

constexpr char kVariable[] = "STEAMFLOW_ACKNOWLEDGED";

// Adds the count in an entry to `list`. Returns false if the entry has no known form.
bool Take(const Json& entry, std::vector<Acknowledged>& list) {
  const bool is_result = FieldOf(entry, "task").is_string() && FieldOf(entry, "run").is_object();
  const Json& counts = is_result ? FieldOf(entry, "kafka") : entry;
  const Json& run = is_result ? FieldOf(entry, "run") : entry;
  if (is_result && (!counts.is_object() || counts.empty())) return true;
  const Json& topic = FieldOf(counts, "topic");
  const Json& run_id = FieldOf(run, "run_id");
  const Json& count = FieldOf(counts, "acknowledged");
  if (!count.is_number_unsigned() || !topic.is_string() || topic == "") return false;
  list.push_back(
      {TextOf(topic), run_id.is_string() ? TextOf(run_id) : "", count.get<std::uint64_t>()});
  return true;
}

}  // namespace

tl::expected<std::vector<Acknowledged>, std::string> ParseAcknowledged(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  std::vector<tl::expected<Json, std::string>> entries;
  const auto start = text.find_first_not_of(kBlank);
  if (start != std::string_view::npos && text[start] == '[') {
    auto array = ParseJson(text);
    if (!array) return tl::unexpected(std::move(array.error()));
    for (Json& entry : *array) entries.emplace_back(std::move(entry));
  } else {
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.find_first_not_of(kBlank) != std::string_view::npos) {
        entries.push_back(ParseJson(line));
      }
    }
  }
  std::vector<Acknowledged> list;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    if (!entry) return tl::unexpected(fmt::format("entry {}: {}", i + 1, entry.error()));
    if (entry->is_null()) continue;
    if (!entry->is_object()) {
      return tl::unexpected(fmt::format("entry {}: not a JSON object", i + 1));
    }
    if (!Take(*entry, list)) {
      return tl::unexpected(fmt::format(
          R"(entry {}: neither {{"topic","run_id","acknowledged"}} nor a task's result)", i + 1));
    }
  }
  return list;
}

std::optional<std::vector<Acknowledged>> ReadAcknowledged(const std::string& file,
                                                          const std::vector<std::string>& topics,
                                                          const Stop& stop) {
  const std::string source = file.empty() ? kVariable : "--acknowledged " + file;
  const ExitCode if_invalid = file.empty() ? ExitCode::kConfig : ExitCode::kUsage;
  const auto fail = [&](const std::string& cause) {
    throw TaskError(if_invalid, fmt::format("{}: {}", source, cause));
  };
  auto text = EnvironmentValue(kVariable);
  if (!file.empty()) {
    auto content = file == "-" ? ReadStdin(stop) : ReadFile(file);
    if (!content) fail(content.error().message());
    text = *std::move(content);
  }
  if (!text) return std::nullopt;
  auto list = ParseAcknowledged(*text);
  if (!list) fail(list.error());
  for (const Acknowledged& said : *list) {
    if (std::find(topics.begin(), topics.end(), said.topic) != topics.end()) continue;
    fail(fmt::format("'{}' is not among the topics (--topic {})", said.topic, said.topic));
  }
  return *std::move(list);
}

}  // namespace steamflow
