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

// What a Kafka message is to a sink. Pure: no I/O. Read by simdjson's DOM: all of a value has to be
// valid, and the on-demand parser checks what is visited, which takes it 1.24 times as long for a
// record of 232 or 725 bytes. (Responses of Steam are read on demand: of a record in them the text
// is wanted, which the DOM does not keep.)
namespace steamflow {

// Bytes of the longest event id that a store takes.
inline constexpr std::size_t kMaxEventId = 512;

// Whether what Kafka stores as bytes can be text in a database: UTF-8 without a NUL.
bool IsText(std::string_view bytes);

// A message as Kafka has it.
struct ConsumedMessage {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::int64_t> timestamp_ms;
  std::optional<std::string_view> event_id;  // the header
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // nothing: a tombstone
};

// The event id of a message without that header: <topic>/<Kafka's timestamp>/<partition>/<offset>,
// which a topic created again does not repeat.
std::string MadeEventId(const ConsumedMessage& message);

// A message that a sink can take. The views belong to the message or to the parser, until its next
// record.
struct ConsumedRecord {
  RecordKind kind = RecordKind::kOther;
  ConsumedMessage message;  // its event_id is never empty: MadeEventId where the message has none
  // From the record: `date` of news, else `timestamp`, else Kafka's. Of a player its version.
  Instant event_time;
  // By which the newest version of a player or of a piece of news wins: `timestamp`, else Kafka's,
  // but at most a day after Kafka's and after now: no record from outside can outdo all later ones.
  Instant version_time;
  // What the event id names: its first part between slashes of the form 2026-11-22T22:34Z, or with
  // seconds, of the years 2000 to 2099.
  std::optional<Instant> id_time;
  std::string_view state_id;  // of a player: the steamid; else empty

  bool is_tombstone() const { return !message.value; }

  // Those of FieldsOf(kind), for its table; all null where a required one is missing.
  std::array<FieldValue, kMostFields> fields;
  bool has_fields = false;
};

class ConsumedRecordParser {
 public:
  explicit ConsumedRecordParser(Instant now = Now());
  ~ConsumedRecordParser();
  ConsumedRecordParser(const ConsumedRecordParser&) = delete;
  ConsumedRecordParser& operator=(const ConsumedRecordParser&) = delete;

  // The record, or why no sink can take the message: not JSON or no object, a NUL or a lone
  // surrogate in a string, an empty value (a null one too, but on the topics of players, where it
  // deletes), a key or event id that is no text, an event id over 512 bytes (Elasticsearch's limit
  // of an _id), no steamid of a player, a time outside of 2000 to 2099 (of a player only one
  // before).
  tl::expected<ConsumedRecord, std::string> Parse(const ConsumedMessage& message);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
