#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "message_reader.h"
#include "sink_store.h"

namespace steamflow {

// Returns a message in the form that the parser of records takes. The views point into `message`
// and `partition`.
ConsumedMessage AsConsumed(const KafkaMessage& message, const KafkaPartition& partition);

// Returns what a position keeps of a record, to recognise it later.
LastRecord AsLastRecord(const ConsumedMessage& message);

// Returns whether a stored record is the same as the one that was read.
bool IsSame(const LastRecord& stored, const LastRecord& read);

// How far a drain has read and stored one partition.
struct PartitionProgress {
  KafkaPartition partition;
  std::size_t topic = 0;               // the index of its topic
  KafkaRange range;                    // what Kafka has; the end is the one at the run's start
  std::int64_t high_watermark = 0;     // set if an open transaction hides records after the end
  std::optional<SinkPosition> stored;  // what the store holds; nullopt = nothing
  std::optional<SinkPosition> handed;  // what it will hold once all batches under way are stored
  SinkPosition next;                   // the offset to read next, and the last record before it
  std::int64_t settled = 0;            // the records before this offset are stored or given up
  // A record from before the batch that is being read, or else the first one of it. As long as
  // Kafka has it, what follows is of the same topic. Nullopt if no record is known.
  std::optional<LastRecord> witness;
  bool is_missing = false;   // Kafka does not have it, only the store has
  bool is_left_out = false;  // the run neither reads it nor moves its position
  bool is_cut_off = false;   // no more can be read; what was read is still stored
  bool is_paused = false;    // the reader was told to pause, because the end is reached
  // The content of the last record that was read, if that record has no event id to store. Move
  // turns it into a fingerprint.
  std::string unnamed;

  bool is_done() const { return is_left_out || is_cut_off || next.offset >= range.end; }

  // Begins at the stored position, or at Kafka's first record if there is none.
  void Begin(const std::optional<SinkPosition>& position);
  // Begins at Kafka's first record, whatever the stored position is.
  void BeginAnew();
  // Notes that a record was read.
  void Pass(const ConsumedMessage& message);
  // Notes that there is nothing left to read before `offset`.
  void PassTo(std::int64_t offset);
  // Returns the move of the position that belongs to everything read since the last call, or
  // nullopt if the position stays. The caller has to store it, in the order of the calls.
  std::optional<PositionMove> Move();
  // Notes that a move to `to` was stored.
  void Settle(const SinkPosition& to);

  // Returns the number of offsets up to the end whose records are not stored yet.
  std::int64_t lag() const;
};

}  // namespace steamflow
