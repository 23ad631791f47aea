#include "topic_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "json_document.h"
#include "parse_number.h"

namespace steamflow {
namespace {

constexpr char kMinInSync[] = "min.insync.replicas";

// An error message for the settings of one topic in the file; nullopt if they are valid.
using Error = std::optional<std::string>;

Error ReadCount(const std::string& name, const Json& json, int most, int& count) {
  const auto value = json.is_number() ? ParseNumber<int>(TextOf(json)) : std::nullopt;
  if (!value || *value < 1 || *value > most) {
    return fmt::format("{}: {} is not a whole number from 1 to {}", name, TextOf(json), most);
  }
  count = *value;
  return std::nullopt;
}

Error ReadConfig(const Json& settings, std::map<std::string, std::string>& config) {
  if (!settings.is_object()) return "config: not a JSON object";
  for (const auto& [name, value] : settings.items()) {
    const bool is_value = value.is_string() || value.is_number() || value.is_boolean();
    if (name.empty() || !is_value) {
      return fmt::format("config '{}': {} is not a string, number, true or false", name,
                         FormatJson(value));
    }
    config.emplace(name, TextOf(value));
  }
  return std::nullopt;
}

Error ReadSetting(const std::string& name, const Json& value, TopicSpec& spec) {
  if (name == "partitions") {
    return ReadCount(name, value, std::numeric_limits<int>::max(), spec.partitions);
  }
  if (name == "replication") {
    return ReadCount(name, value, std::numeric_limits<std::int16_t>::max(), spec.replication);
  }
  if (name == "config") return ReadConfig(value, spec.config);
  return fmt::format("'{}' is not partitions, replication or config", name);
}

Error ReadTopic(const Json& settings, TopicSpec& spec) {
  if (!IsTopicName(spec.name)) {
    return std::string("no topic can have this name (1 to 249 of a-z A-Z 0-9 . _ -)");
  }
  if (!settings.is_object()) {
    return std::string("expected {\"partitions\": 6, \"replication\": 3, \"config\": {}}");
  }
  for (const auto& [name, value] : settings.items()) {
    if (auto error = ReadSetting(name, value, spec)) return error;
  }
  if (spec.partitions == 0) return std::string("partitions is missing");
  if (spec.replication == 0) return std::string("replication is missing");
  const auto in_sync = spec.config.find(kMinInSync);
  if (in_sync != spec.config.end() &&
      ParseNumber<int>(in_sync->second).value_or(0) > spec.replication) {
    return fmt::format("{} {} is more than the replication {}: the topic would accept no records",
                       kMinInSync, in_sync->second, spec.replication);
  }
  return std::nullopt;
}

}  // namespace

bool IsTopicName(std::string_view name) {
  constexpr std::size_t kLongest = 249;
  return !name.empty() && name.size() <= kLongest && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '.' || c == '_' || c == '-';
         });
}

tl::expected<std::vector<TopicSpec>, std::string> ParseTopics(std::string_view json) {
  const auto document = ParseJson(json);
  if (!document) return tl::unexpected(document.error());
  if (!document->is_object()) return tl::unexpected(std::string("not a JSON object"));
  if (document->empty()) return tl::unexpected(std::string("it names no topic"));
  std::vector<TopicSpec> topics;
  std::set<std::string> names;
  for (const auto& [name, settings] : document->items()) {
    TopicSpec spec;
    spec.name = name;
    auto error = ReadTopic(settings, spec);
    // In the names of metrics, Kafka treats '.' and '_' as the same, so it rejects the second
    // topic.
    std::string metric = name;
    std::replace(metric.begin(), metric.end(), '.', '_');
    if (!error && !names.insert(metric).second) {
      error = "it is a duplicate ('.' and '_' count as the same)";
    }
    if (error) return tl::unexpected(fmt::format("topic '{}': {}", name, *error));
    topics.push_back(std::move(spec));
  }
  return topics;
}

TopicSpec LowerReplication(TopicSpec spec, int replicas) {
  spec.replication = std::min(spec.replication, replicas);
  const auto in_sync = spec.config.find(kMinInSync);
  if (in_sync != spec.config.end() &&
      ParseNumber<int>(in_sync->second).value_or(0) > spec.replication) {
    in_sync->second = fmt::to_string(spec.replication);
  }
  return spec;
}

std::string Describe(const Difference& difference) {
  return fmt::format("{} is {}, wanted {}", difference.setting, difference.held, difference.wanted);
}

std::vector<Difference> Compare(const TopicSpec& spec, const TopicState& state,
                                const TopicConfig& config, int brokers) {
  std::vector<Difference> differences;
  if (state.partitions != spec.partitions) {
    differences.push_back({"partitions", fmt::to_string(state.partitions),
                           fmt::to_string(spec.partitions), state.partitions < spec.partitions});
  }
  if (state.replication < std::min(spec.replication, brokers) ||
      state.replication > spec.replication) {
    differences.push_back({"replication", fmt::to_string(state.replication),
                           fmt::to_string(spec.replication), false});
  }
  for (const auto& [name, value] : LowerReplication(spec, state.replication).config) {
    const auto held = config.find(name);
    if (held == config.end()) {
      differences.push_back({name, "not known to Kafka", value});
    } else if (held->second.value != value) {
      differences.push_back({name, held->second.value, value});
    }
  }
  return differences;
}

}  // namespace steamflow
