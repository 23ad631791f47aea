#include "sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>

#include "json.h"
#include "task_error.h"
#include "topic_scan.h"

namespace steamflow {
namespace {

constexpr std::uint64_t kMostBytes = 16U << 20U;

// Adds a record. Returns false if the sample is full.
bool Add(LoadSample& sample, std::size_t most, LoadSample::Record record) {
  if (sample.records.size() == most || sample.bytes + record.size() > kMostBytes) return false;
  sample.bytes += record.size();
  sample.records.push_back(std::move(record));
  return true;
}

void FindCommonestKey(LoadSample& sample) {
  std::map<std::string, std::size_t> counts;
  for (const auto& record : sample.records) {
    if (record.key) ++counts[*record.key];
  }
  const auto commonest =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (commonest == counts.end()) return;
  sample.commonest_key = commonest->first;
  sample.commonest_key_share =
      static_cast<double>(commonest->second) / static_cast<double>(sample.records.size());
}

// Parses a line {"topic":...,"key":"...",...,"value":{...}}.
std::optional<LoadSample::Record> ParseLine(const std::string& line) {
  const auto fields = ParseJsonObject(line);
  if (!fields) return std::nullopt;
  const auto find = [&](std::string_view name) {
    return std::find_if(fields->begin(), fields->end(),
                        [&](const JsonField& field) { return field.name == name; });
  };
  const auto key = find("key");
  const auto value = find("value");
  if (key == fields->end() || value == fields->end()) return std::nullopt;
  const bool has_key = key->type != JsonField::Type::kNull;
  return LoadSample::Record{has_key ? std::optional(key->value) : std::nullopt, value->value};
}

LoadSample SampleTopic(const KafkaProperties& properties, const std::string& topic,
                       std::size_t most, const Stop& stop) {
  LoadSample sample;
  TopicScan scan(properties, topic, std::nullopt, stop);
  scan.Each([&](std::int32_t, const KafkaMessage& message) {
    if (!message.value) return true;  // a tombstone has nothing to copy
    std::optional<std::string> key;
    if (message.key) key = *message.key;
    return Add(sample, most, {std::move(key), std::string(*message.value)});
  });
  return sample;
}

LoadSample SampleFile(const std::string& path, std::size_t most) {
  std::ifstream file(path);
  LoadSample sample;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    auto record = ParseLine(line);
    if (!record) {
      throw TaskError(
          ExitCode::kData,
          fmt::format("--from-file {}, line {}: not a record as --sink file:PATH writes them", path,
                      number));
    }
    if (!Add(sample, most, *std::move(record))) return sample;
  }
  if (!file.eof()) {
    throw TaskError(ExitCode::kUsage,
                    fmt::format("--from-file {}: {}", path, std::strerror(errno)));
  }
  return sample;
}

}  // namespace

LoadSample TakeSample(const LoadFlags& flags, const KafkaProperties& properties, const Stop& stop) {
  LoadSample sample = flags.file.empty() ? SampleTopic(properties, flags.from, flags.sample, stop)
                                         : SampleFile(flags.file, flags.sample);
  if (sample.records.empty()) {
    throw TaskError(ExitCode::kSkipped, fmt::format("{} has no records to copy",
                                                    flags.file.empty() ? flags.from : flags.file));
  }
  FindCommonestKey(sample);
  return sample;
}

}  // namespace steamflow
