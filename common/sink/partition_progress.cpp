#include "partition_progress.h"

#include <algorithm>
#include <utility>

namespace steamflow {
namespace {
constexpr std::size_t kLongestEventId = 512;  // bytes that are kept of one
}

ConsumedMessage AsConsumed(const KafkaMessage& message, const KafkaPartition& partition) {
  return {.topic = partition.topic,
          .partition = partition.id,
          .offset = message.offset,
          .timestamp_ms = message.timestamp_ms,
          .event_id = message.event_id,
          .key = message.key,
          .value = message.value};
}

LastRecord AsLastRecord(const ConsumedMessage& message) {
  LastRecord last{message.offset, message.timestamp_ms, ""};
  const std::string_view event_id = message.event_id.value_or("");
  if (event_id.size() <= kLongestEventId && IsText(event_id)) last.event_id = event_id;
  return last;
}

void PartitionProgress::Begin(const std::optional<SinkPosition>& position) {
  stored = handed = position;
  next = position.value_or(SinkPosition{range.begin, std::nullopt});
  settled = next.offset;
  is_paused = false;
}

void PartitionProgress::BeginAnew() {
  next = {range.begin, std::nullopt};
  settled = range.begin;
}

void PartitionProgress::Pass(const ConsumedMessage& message) {
  next.offset = message.offset + 1;
  next.last = AsLastRecord(message);
}

void PartitionProgress::PassTo(std::int64_t offset) {
  next.offset = std::max(next.offset, std::min(offset, range.end));
}

std::optional<PositionMove> PartitionProgress::Move() {
  if (is_left_out || handed == next) return std::nullopt;
  return PositionMove{partition, std::exchange(handed, next), next};
}

void PartitionProgress::Settle(const SinkPosition& to) {
  stored = to;
  settled = to.offset;
}

std::int64_t PartitionProgress::lag() const {
  return std::max<std::int64_t>(range.end - settled, 0);
}

}  // namespace steamflow
