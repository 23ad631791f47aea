#include "topic_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "task_error.h"

namespace steamflow {
namespace {
constexpr char kGroup[] = "steamflow-scan";  // it commits nothing
constexpr std::size_t kMost = 1000;          // messages per Read()
constexpr std::chrono::milliseconds kWait(100);

}  // namespace

TopicScan::TopicScan(const KafkaProperties& properties, std::string topic,
                     std::optional<Instant> since, const Stop& stop)
    : topic_(std::move(topic)), stop_(stop), reader_(properties, kGroup, stop) {
  const auto all = AllOf(reader_.Partitions({topic_})).front();
  const auto ranges = AllOf(reader_.Ranges(all));
  std::vector<std::int64_t> begins;
  for (const KafkaRange& range : ranges) begins.push_back(range.begin);
  if (since) begins = AllOf(reader_.OffsetsAt(all, since->time_since_epoch()));
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (begins[i] < 0 || begins[i] >= ranges[i].end) continue;
    partitions_.push_back(all[i]);
    begins_.push_back(begins[i]);
    ends_.push_back(ranges[i].end);
  }
}

std::uint64_t TopicScan::count() const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    count += static_cast<std::uint64_t>(ends_[i] - begins_[i]);
  }
  return count;
}

void TopicScan::Each(const OnMessage& each) {
  if (partitions_.empty()) return;
  reader_.Start(partitions_, begins_);
  std::vector<bool> is_done(partitions_.size());
  const auto end = [&](std::size_t partition) {
    if (!is_done[partition]) reader_.Pause(partition);
    is_done[partition] = true;
  };
  while (std::find(is_done.begin(), is_done.end(), false) != is_done.end()) {
    stop_.ThrowIfSignalled();
    if (stop_.Requested()) {
      throw TaskError(ExitCode::kTransient,
                      fmt::format("the deadline came before the end of {}", topic_));
    }
    bool is_enough = false;
    const auto take = [&](const KafkaMessage& message) {
      if (is_enough || is_done[message.partition]) return;
      if (message.offset < ends_[message.partition]) {
        is_enough = !each(partitions_[message.partition].id, message);
      }
      if (message.offset + 1 >= ends_[message.partition]) end(message.partition);
    };
    const KafkaRead& read = reader_.Read(kMost, kWait, take);
    if (is_enough) return;
    for (const auto& [partition, offset] : read.ends) {
      if (offset >= ends_[partition]) end(partition);
    }
    if (!read.refusals.empty()) throw read.refusals.front().error;
    if (!read.gaps.empty()) {
      throw TaskError(
          ExitCode::kTransient,
          fmt::format("reading {}: its oldest records were deleted in the meantime", topic_));
    }
  }
}

}  // namespace steamflow
