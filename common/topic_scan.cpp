#include "topic_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "task_error.h"

namespace steamflow {
namespace {
constexpr char kGroup[] = "steamflow-scan";  // commits nothing
constexpr std::size_t kMost = 1000;          // messages at a time
constexpr std::chrono::milliseconds kWait(100);

// The parts of a topic that are to be read, and the offsets where each begins and ends.
struct Parts {
  std::vector<KafkaPartition> partitions;
  std::vector<std::int64_t> begins;
  std::vector<std::int64_t> ends;
};

Parts PartsSince(KafkaReader& reader, const std::string& topic, std::optional<Instant> since) {
  const auto all = reader.Partitions({topic});
  const auto ranges = reader.Ranges(all);
  std::vector<std::optional<std::int64_t>> begins;
  for (const KafkaRange& range : ranges) begins.emplace_back(range.begin);
  if (since) begins = reader.OffsetsAt(all, since->time_since_epoch());
  Parts parts;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!begins[i] || *begins[i] >= ranges[i].end) continue;
    parts.partitions.push_back(all[i]);
    parts.begins.push_back(*begins[i]);
    parts.ends.push_back(ranges[i].end);
  }
  return parts;
}

}  // namespace

void ScanTopic(const KafkaProperties& properties, const std::string& topic,
               std::optional<Instant> since, const Stop& stop,
               const std::function<bool(std::int32_t partition, const KafkaMessage&)>& each) {
  KafkaReader reader(properties, kGroup, stop);
  const auto [partitions, begins, ends] = PartsSince(reader, topic, since);
  if (partitions.empty()) return;
  reader.Start(partitions, begins);
  std::vector<bool> is_done(partitions.size());
  const auto end = [&](std::size_t partition) {
    if (!is_done[partition]) reader.Pause(partition);
    is_done[partition] = true;
  };
  while (std::find(is_done.begin(), is_done.end(), false) != is_done.end()) {
    stop.ThrowIfSignalled();
    if (stop.Requested()) {
      throw TaskError(ExitCode::kTransient,
                      fmt::format("the deadline came before the end of {}", topic));
    }
    bool is_enough = false;
    // clang 14 captures no structured bindings.
    const auto take = [&, &partitions = partitions, &ends = ends](const KafkaMessage& message) {
      if (is_enough || is_done[message.partition]) return;
      if (message.offset < ends[message.partition]) {
        is_enough = !each(partitions[message.partition].id, message);
      }
      if (message.offset + 1 >= ends[message.partition]) end(message.partition);
    };
    const KafkaRead& read = reader.Read(kMost, kWait, take);
    if (is_enough) return;
    for (const auto& [partition, offset] : read.ends) {
      if (offset >= ends[partition]) end(partition);
    }
    if (!read.gaps.empty()) {
      throw TaskError(ExitCode::kTransient,
                      fmt::format("reading {}: it was cut at its beginning meanwhile", topic));
    }
  }
}

std::uint64_t CountMessages(const KafkaProperties& properties, const std::string& topic,
                            std::optional<Instant> since, const Stop& stop) {
  KafkaReader reader(properties, kGroup, stop);
  const Parts parts = PartsSince(reader, topic, since);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < parts.ends.size(); ++i) {
    count += static_cast<std::uint64_t>(parts.ends[i] - parts.begins[i]);
  }
  return count;
}

}  // namespace steamflow
