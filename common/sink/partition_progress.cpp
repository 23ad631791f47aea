#include "partition_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "fingerprint.h"

namespace steamflow {
namespace {

// Returns the event id from the header, or an empty text if it is missing or cannot be stored.
std::string_view StoredEventId(const ConsumedMessage& message) {
  const std::string_view event_id = message.event_id.value_or("");
  return event_id.size() <= kMaxEventId && IsText(event_id) ? event_id : std::string_view();
}

// Writes what identifies a record without a storable event id, apart from its offset and time.
void PutContent(const ConsumedMessage& message, std::string& content) {
  content.clear();
  for (const auto& part : {message.event_id, message.key, message.value}) {
    fmt::format_to(std::back_inserter(content), "{}:", part ? fmt::to_string(part->size()) : "");
    content += part.value_or("");
  }
}

std::string NameOf(std::string_view content) {
  return fmt::format("sha256:{}", Fingerprint(content));
}

}  // namespace

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
  LastRecord last{message.offset, message.timestamp_ms, std::string(StoredEventId(message))};
  if (last.event_id.empty()) {
    std::string content;
    PutContent(message, content);
    last.event_id = NameOf(content);
  }
  return last;
}

bool IsSame(const LastRecord& stored, const LastRecord& read) {
  return stored.offset == read.offset && stored.timestamp_ms == read.timestamp_ms &&
         (stored.event_id.empty() || stored.event_id == read.event_id);
}

void PartitionProgress::Begin(const std::optional<SinkPosition>& position) {
  stored = handed = position;
  next = position.value_or(SinkPosition{range.begin, std::nullopt});
  settled = next.offset;
  witness = next.last && next.last->offset >= range.begin ? next.last : std::nullopt;
  is_paused = false;
  unnamed.clear();
}

void PartitionProgress::BeginAnew() {
  next = {range.begin, std::nullopt};
  witness.reset();
  unnamed.clear();
  settled = range.begin;
}

void PartitionProgress::Pass(const ConsumedMessage& message) {
  if (!witness) witness = AsLastRecord(message);
  next.offset = message.offset + 1;
  const std::string_view event_id = StoredEventId(message);
  next.last = {message.offset, message.timestamp_ms, std::string(event_id)};
  unnamed.clear();
  if (event_id.empty()) PutContent(message, unnamed);
}

void PartitionProgress::PassTo(std::int64_t offset) {
  next.offset = std::max(next.offset, std::min(offset, range.end));
}

std::optional<PositionMove> PartitionProgress::Move() {
  if (!unnamed.empty())
    next.last->event_id = NameOf(unnamed);  // hashed once a batch; once a record would be slow
  unnamed.clear();
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
