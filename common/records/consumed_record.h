#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "record_fields.h"
#include "timestamp.h"
#include "topics.h"

// Interprets a Kafka message for a sink. Pure: no I/O. The value is parsed with simdjson's DOM
// because all of it must be valid. The on-demand parser checks only what is visited, and visiting
// everything takes it 1.24 times as long for records of 232 and 725 bytes.
namespace steamflow {

// The longest event id, in bytes, that a store accepts.
inline constexpr std::size_t kMaxEventId = 512;

// Returns whether bytes from Kafka can be stored as text in a database: UTF-8 without a NUL.
bool IsText(std::string_view bytes);

// A message as read from Kafka. The views must stay valid while the message is in use.
struct ConsumedMessage {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::int64_t> timestamp_ms;
  std::optional<std::string_view> event_id;  // from the header of that name
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // nullopt for a tombstone
};

// Returns an event id for a message without that header: <topic>/<Kafka's timestamp>/<partition>/
// <offset>. Because of the timestamp, a topic that is deleted and recreated does not repeat it.
std::string MadeEventId(const ConsumedMessage& message);

// A message that a sink can store. Its views point into the message or into the parser, and are
// valid until the parser parses its next message.
struct ConsumedRecord {
  RecordKind kind = RecordKind::kOther;
  // Its event_id is never empty: a message without one gets MadeEventId().
  ConsumedMessage message;
  // When the event happened: `date` of a news item, otherwise `timestamp`, or Kafka's timestamp if
  // the value has none. For a player it equals version_time.
  Instant event_time;
  // Decides which version of a player or a news item is the newest: `timestamp`, or Kafka's
  // timestamp if the value has none. It is at most one day after Kafka's timestamp and one day
  // after the current time, so that no record from outside can outrank all later ones.
  Instant version_time;
  // The time that the event id names: its first part between slashes of the form 2026-11-22T22:34Z,
  // with or without seconds, in the years 2000 to 2099.
  std::optional<Instant> id_time;
  // The steamid of a player; empty for all other kinds.
  std::string_view state_id;

  bool is_tombstone() const { return !message.value; }

  // Values of FieldsOf(kind), in that order, for the kind's table.
  std::array<FieldValue, kMostFields> fields;
  // Whether the record has a row in that table: the kind has one, and no required field is null.
  bool has_fields = false;
};

// Parses the messages of a run one after another and reuses its buffers.
class ConsumedRecordParser {
 public:
  // `now` is the current time, which bounds version_time.
  explicit ConsumedRecordParser(Instant now = Now());
  ~ConsumedRecordParser();
  ConsumedRecordParser(const ConsumedRecordParser&) = delete;
  ConsumedRecordParser& operator=(const ConsumedRecordParser&) = delete;

  // Returns the record, or the reason why no sink can store the message:
  // - the value is not a JSON object, or has a NUL or a lone surrogate in a string;
  // - the value is empty or null (on the topics of players a null value deletes the player);
  // - the key or the event id is not text, or the event id has more than 512 bytes, which is
  //   Elasticsearch's limit for an _id;
  // - the steamid of a player is missing;
  // - the time of the event is outside of 2000 to 2099.
  tl::expected<ConsumedRecord, std::string> Parse(const ConsumedMessage& message);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
