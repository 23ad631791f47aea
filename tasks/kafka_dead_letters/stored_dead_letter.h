#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka_outgoing_message.h"
#include "kafka_reader.h"
#include "timestamp.h"

namespace steamflow {

// Where a record was: topic, partition, offset and event id. The event id is needed because a topic
// that is deleted and created again has the same offsets. Several dead letters can have the same
// place, because each store may have refused the record.
using RecordPlace = std::tuple<std::string, std::int32_t, std::int64_t, std::string>;

// A dead letter read from its topic. It was written by DeadLetterWriter, or by Kafka Connect with
// errors.deadletterqueue.context.headers.enable (then its headers are named __connect.errors.*).
struct StoredDeadLetter {
  enum class State {
    kOpen,
    kReplayed,
    kTruncated,  // the record was too large, so the letter has only its beginning
    kNoRecord,   // the bytes were never a record, but a response of the API, for example
  };
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  Instant time;  // when the dead letter was written, not the record
  // Why the record was not delivered: the header `reason`, or the message of Connect's exception.
  std::string reason;
  std::string event_id;
  std::string task;  // the task or connector that wrote the letter
  State state = State::kOpen;

  // The record as it is in its topic, or would have been.
  std::string topic;
  std::optional<RecordPlace> place;  // nullopt if it was never in its topic
  // The key, the value and Kafka's time are replayed unchanged. With a new time, an old tombstone
  // could delete a newer version of a player.
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::optional<std::int64_t> timestamp_ms;  // Kafka's
  // The headers of the record itself, which a replay sends again; without those that describe the
  // failure. They always have an event_id, so that a replayed record keeps its identity.
  std::vector<std::pair<std::string, std::string>> headers;
};

// Returns "open", "replayed", "truncated" or "no record".
std::string_view Name(StoredDeadLetter::State state);

// Reads the dead letter in a message of the topic of dead letters. Its state is never kReplayed,
// because only a later message says that it was replayed.
StoredDeadLetter ReadDeadLetter(std::int32_t partition, const KafkaMessage& message);

// A note that a dead letter was replayed is a message without a value in the partition of the dead
// letter. It comes after the letter, so that retention deletes it later. Its header `replayed` has
// the offset of the dead letter, and its other headers have the place of the record, so that the
// note covers all dead letters of that record.
inline constexpr char kReplayedHeader[] = "replayed";

// Returns the offset of the dead letter that was replayed, or nullopt if the message is not such a
// note.
std::optional<std::int64_t> ReplayedOffset(const KafkaMessage& message);

// Returns the place in the headers of a dead letter or a note, or nullopt if they have none.
std::optional<RecordPlace> PlaceOf(const KafkaMessage& message);

}  // namespace steamflow
