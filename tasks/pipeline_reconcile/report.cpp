#include "report.h"

#include <fmt/format.h>

#include <utility>

#include "json.h"

namespace steamflow {
namespace {

// " (1 missing, 2 pending)", those that are not 0.
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

std::string FormatJson(const TopicComparison& topic, bool has_acknowledged) {
  JsonObject json;
  if (has_acknowledged) json.Add("acknowledged", topic.acknowledged).Add("lost", topic.lost);
  json.Add("kafka", topic.kafka).Add("duplicates", topic.duplicates);
  for (const StoreComparison& store : topic.stores) {
    JsonObject counts;
    counts.Add("held", store.held)
        .Add("missing", store.missing)
        .Add("pending", store.pending)
        .Add("dead_letters", store.dead_letters)
        .Add("expired", store.expired);
    json.AddRaw(store.name, counts.Take());
  }
  return json.Take();
}

}  // namespace steamflow
