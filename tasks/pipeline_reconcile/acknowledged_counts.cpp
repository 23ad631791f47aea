#include "acknowledged_counts.h"

#include <fmt/format.h>

#include <algorithm>

#include "environment.h"
#include "file_io.h"
#include "json.h"
#include "parse_number.h"
#include "task_error.h"

namespace steamflow {
namespace {

constexpr char kVariable[] = "STEAMFLOW_ACKNOWLEDGED";

using Fields = std::vector<JsonField>;

const JsonField* Find(const Fields& fields, std::string_view name, JsonField::Type type) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const JsonField& field) {
    return field.name == name && field.type == type;
  });
  return found == fields.end() ? nullptr : &*found;
}

// The fields of an object inside of another; none where there is no such object.
Fields Inner(const Fields& fields, std::string_view name) {
  const JsonField* const inner = Find(fields, name, JsonField::Type::kObject);
  return inner ? ParseJsonObject(inner->value).value() : Fields();
}

std::string TextOf(const Fields& fields, std::string_view name) {
  const JsonField* const text = Find(fields, name, JsonField::Type::kString);
  return text ? text->value : "";
}

std::optional<std::uint64_t> CountOf(const Fields& fields, std::string_view name) {
  const JsonField* const field = Find(fields, name, JsonField::Type::kNumber);
  return field ? ParseNumber<std::uint64_t>(field->value) : std::nullopt;
}

// Adds what the entry says to `list`. False where it says it in no form that is known.
bool Take(const Fields& entry, std::vector<Acknowledged>& list) {
  const bool is_result =
      Find(entry, "task", JsonField::Type::kString) && Find(entry, "run", JsonField::Type::kObject);
  const Fields counts = is_result ? Inner(entry, "kafka") : entry;
  const Fields run = is_result ? Inner(entry, "run") : entry;
  if (is_result && counts.empty()) return true;
  const auto count = CountOf(counts, "acknowledged");
  Acknowledged said{TextOf(counts, "topic"), TextOf(run, "run_id"), count.value_or(0)};
  if (!count || said.topic.empty()) return false;
  list.push_back(std::move(said));
  return true;
}

}  // namespace

tl::expected<std::vector<Acknowledged>, std::string> ParseAcknowledged(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  std::vector<std::string> entries;
  const auto start = text.find_first_not_of(kBlank);
  if (start != std::string_view::npos && text[start] == '[') {
    auto array = ParseJsonArray(text);
    if (!array) return tl::unexpected(std::move(array.error()));
    for (JsonField& field : *array) {
      // A string stays none, whatever is in it.
      const bool is_text = field.type == JsonField::Type::kString;
      entries.push_back(is_text ? "\"\"" : std::move(field.value));
    }
  } else {
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.find_first_not_of(kBlank) != std::string_view::npos) entries.emplace_back(line);
    }
  }
  std::vector<Acknowledged> list;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i] == "null") continue;
    const auto entry = ParseJsonObject(entries[i]);
    if (!entry) return tl::unexpected(fmt::format("entry {}: {}", i + 1, entry.error()));
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
