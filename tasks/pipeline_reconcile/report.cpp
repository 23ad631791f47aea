#include "report.h"

#include <fmt/format.h>

#include <utility>

#include "json_schema.h"

namespace steamflow {
namespace {

// Returns " (1 missing, 2 pending)" with the counts that are not 0, or an empty text if all are 0.
std::string Besides(const std::vector<std::pair<std::uint64_t, const char*>>& counts) {
  std::string text;
  for (const auto& [count, what] : counts) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? " (" : ", ", count, what);
  }
  return text.empty() ? text : text + ")";
}

}  // namespace

std::string FormatLine(const TopicComparison& topic, bool has_acknowledged) {
  std::string line =
      fmt::format("{:<4}  {:<18}  kafka: {}{}", topic.differences.empty() ? "ok" : "DIFF",
                  topic.topic, topic.kafka, Besides({{topic.duplicates, "duplicates"}}));
  if (has_acknowledged) {
    line +=
        fmt::format(", acknowledged: {}{}", topic.acknowledged, Besides({{topic.lost, "lost"}}));
  }
  for (const StoreComparison& store : topic.stores) {
    line += fmt::format(", {}: {}{}", store.name, store.held,
                        Besides({{store.missing, "missing"},
                                 {store.pending, "pending"},
                                 {store.dead_letters, "dead letters"},
                                 {store.expired, "expired"}}));
  }
  return line;
}

Json ToJson(const TopicComparison& topic, bool has_acknowledged) {
  Json json;
  if (has_acknowledged) json = {{"acknowledged", topic.acknowledged}, {"lost", topic.lost}};
  json["kafka"] = topic.kafka;
  json["duplicates"] = topic.duplicates;
  for (const StoreComparison& store : topic.stores) {
    json[store.name] = {{"held", store.held},
                        {"missing", store.missing},
                        {"pending", store.pending},
                        {"dead_letters", store.dead_letters},
                        {"expired", store.expired}};
  }
  return json;
}

Json ComparisonSchema() {
  const Json count = schema::Count();
  const Json store = schema::Object({{"held", count},
                                     {"missing", count},
                                     {"pending", count},
                                     {"dead_letters", count},
                                     {"expired", count}});
  return schema::Object(
      {{"kafka", count}, {"duplicates", count}},
      {{"acknowledged", count}, {"lost", count}, {"postgres", store}, {"elasticsearch", store}});
}

}  // namespace steamflow
