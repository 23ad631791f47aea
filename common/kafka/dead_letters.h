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

// Prefix of the dead letter's headers that were headers of the record itself.
inline constexpr char kRecordHeaderPrefix[] = "record.";

// Data that cannot be delivered, and the reason. The `source_` fields and `headers` describe the
// record as it is in its topic, or as it would have been. If the bytes never became a record, only
// `source_topic` is set.
struct DeadLetterMessage {
  std::string_view key;  // the event id, or whatever identifies the item
  std::string_view event_id;
  std::optional<std::string_view> value;  // as received
  std::string_view reason;
  std::string_view source_topic;
  std::optional<std::string_view> source_key;
  std::optional<std::int32_t> source_partition;
  std::optional<std::int64_t> source_offset;
  std::optional<std::int64_t> source_timestamp;  // Kafka's, in milliseconds since the epoch
  std::span<const KafkaHeader> headers;
};

// Writes to the topic of dead letters and logs a warning for each letter. A letter that is too
// large for the topic is cut until it fits, including its key and headers, and gets the header
// `truncated`.
class DeadLetterWriter {
 public:
  // Called once for each dead letter, with its item and whether Kafka has acknowledged it.
  using OnDone = std::function<void(std::uint64_t item, bool has_arrived)>;
  // Starts to look for the topic. `run` and `producer` must outlive this object.
  DeadLetterWriter(Run& run, KafkaProducer& producer, OnDone on_done);
  DeadLetterWriter(const DeadLetterWriter&) = delete;
  DeadLetterWriter& operator=(const DeadLetterWriter&) = delete;

  // Waits until the topic is found. Throws as KafkaProducer::Await does.
  void Await();

  // Queues a dead letter. All letters have arrived once KafkaProducer::Flush has returned no error.
  // Throws as KafkaProducer::Produce does.
  void Write(const DeadLetterMessage& letter, std::uint64_t item);

 private:
  // Produces a letter again in a shorter form, after Kafka has refused it as too large.
  bool Cut(std::uint64_t item, const OutgoingMessage& message);

  Run& run_;
  KafkaProducer& producer_;
  // Owned by the producer.
  KafkaProducer::Topic& topic_;
};

}  // namespace steamflow
