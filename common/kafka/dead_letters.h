#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "kafka_producer.h"
#include "run.h"
#include "topics.h"

namespace steamflow {

// A header of the record itself is a header of its dead letter under this and its name.
inline constexpr char kRecordHeaderPrefix[] = "record.";

// What cannot be delivered, and why. `source_` and `headers` tell of a record as its topic had it,
// or would have had it; bytes that never were a record have none of these but the topic.
struct DeadLetterMessage {
  std::string_view key;  // the event id, or what is known of the item
  std::string_view event_id;
  std::optional<std::string_view> value;  // the bytes as received
  std::string_view reason;
  std::string_view source_topic;
  std::optional<std::string_view> source_key;
  std::optional<std::int32_t> source_partition;
  std::optional<std::int64_t> source_offset;
  std::span<const KafkaHeader> headers;
};

// Writes the topic of dead letters. Each is a warning in the log. One that is too large for
// the topic is cut until it fits, key and headers too, and has the header `truncated`.
class DeadLetterWriter {
 public:
  // Begins to look for the topic. `on_done` is called once for each dead letter, with its item and
  // whether it has arrived. `producer` must outlive this.
  using OnDone = std::function<void(std::uint64_t item, bool has_arrived)>;
  DeadLetterWriter(Run& run, KafkaProducer& producer, OnDone on_done);
  DeadLetterWriter(const DeadLetterWriter&) = delete;
  DeadLetterWriter& operator=(const DeadLetterWriter&) = delete;

  // Waits until the topic is found; throws as KafkaProducer::Await does.
  void Await();

  // Queues a dead letter; throws as KafkaProducer::Produce does. They have arrived when
  // KafkaProducer::Flush has returned no error.
  void Write(const DeadLetterMessage& letter, std::uint64_t item);

 private:
  bool Cut(std::uint64_t item, const OutgoingMessage& message);

  Run& run_;
  KafkaProducer& producer_;
  KafkaProducer::Topic& topic_;
};

}  // namespace steamflow
