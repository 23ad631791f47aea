#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "message_reader.h"
#include "sink_store.h"

namespace steamflow {

// A message as the parser of records takes it; the views are the message's and the partition's.
ConsumedMessage AsConsumed(const KafkaMessage& message, const KafkaPartition& partition);

// What is kept of a record that was read.
LastRecord AsLastRecord(const ConsumedMessage& message);

// Whether a stored record is the one that was read.
bool IsSame(const LastRecord& stored, const LastRecord& read);

// A partition on its way to the end that it had at the start.
struct PartitionProgress {
  KafkaPartition partition;
  std::size_t topic = 0;  // its number
  KafkaRange range;
  std::int64_t high_watermark = 0;  // where it lies behind the end
  std::optional<SinkPosition> stored;
  std::optional<SinkPosition> handed;  // stored, once all batches handed over are
  SinkPosition next;                   // the offset to read next, and the last record before it
  std::int64_t settled = 0;            // what lies before it is stored, or given up
  bool is_left_out = false;            // nothing of it changes in this run
  bool is_cut_off = false;             // no more of it can be read
  bool is_paused = false;
  std::string unnamed;  // what `next.last` is known by where it has no event id, until Move

  bool is_done() const { return is_left_out || is_cut_off || next.offset >= range.end; }

  // Begins where the store has it, else where Kafka has its first record.
  void Begin(const std::optional<SinkPosition>& position);
  // Begins with the first record that Kafka has, wherever the store has it.
  void BeginAnew();
  // A record was read.
  void Pass(const ConsumedMessage& message);
  // There is nothing to read before `offset`.
  void PassTo(std::int64_t offset);
  // What storing everything that was read moves; nothing where that is nothing.
  std::optional<PositionMove> Move();
  // That is stored.
  void Settle(const SinkPosition& to);

  // Records that were there at the start, and are not stored.
  std::int64_t lag() const;
};

}  // namespace steamflow
