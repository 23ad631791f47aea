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

// Where a record was: topic, partition, offset, and its event id, as a topic created again has the
// same offsets. Letters of one place are of one record: each store may have refused it.
using RecordPlace = std::tuple<std::string, std::int32_t, std::int64_t, std::string>;

// A dead letter as its topic holds it: one that DeadLetterWriter wrote, or one that Kafka Connect
// wrote with errors.deadletterqueue.context.headers.enable (its headers are named
// __connect.errors.*).
struct StoredDeadLetter {
  enum class State {
    kOpen,
    kReplayed,
    kTruncated,  // its record was too large, so only the beginning is here
    kNoRecord,   // the bytes never were a record: a response of the API, for example
  };
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  Instant time;  // of the dead letter, not of the record
  std::string reason;
  std::string event_id;
  std::string task;  // who wrote it
  State state = State::kOpen;

  // The record as its topic had it, or would have had it.
  std::string topic;
  std::optional<RecordPlace> place;  // nothing: it never was in its topic
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> headers;
};

// "open", "replayed", "truncated", "no record"
std::string_view Name(StoredDeadLetter::State state);

// The dead letter in a message of the topic of dead letters; never kReplayed, which only a later
// message tells.
StoredDeadLetter ReadDeadLetter(std::int32_t partition, const KafkaMessage& message);

// A note that a dead letter was replayed stands in the dead letter's own partition behind it, so
// that it lives longer: an empty message with the dead letter's offset as its header `replayed`,
// and the place of its record, which all dead letters of that record share.
inline constexpr char kReplayedHeader[] = "replayed";

// The offset of the dead letter that was replayed, where the message is such a note.
std::optional<std::int64_t> ReplayedOffset(const KafkaMessage& message);

// The place that a dead letter's or a note's headers tell.
std::optional<RecordPlace> PlaceOf(const KafkaMessage& message);

}  // namespace steamflow
