#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "task_error.h"

struct rd_kafka_headers_s;
extern "C" void rd_kafka_headers_destroy(rd_kafka_headers_s*);

namespace steamflow {

// A header of a message. Kafka allows a name several times.
struct KafkaHeader {
  std::string_view name;
  std::string_view value;
};

// A Kafka message to be produced. The views need to be valid only during the call that takes them.
struct OutgoingMessage {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // nullopt for a tombstone
  std::span<const KafkaHeader> headers;
  // Milliseconds since the epoch; nullopt for the time of sending. KafkaTransactions only.
  std::optional<std::int64_t> timestamp_ms = std::nullopt;
  // Whether the value stays in place until the message is reported, so that it need not be copied.
  bool value_stays = false;
};

// Only .cpp files that use librdkafka use the declarations below.

struct KafkaHeadersDeleter {
  void operator()(rd_kafka_headers_s* headers) const { rd_kafka_headers_destroy(headers); }
};
using KafkaHeaders = std::unique_ptr<rd_kafka_headers_s, KafkaHeadersDeleter>;

// Copies headers for librdkafka.
KafkaHeaders MakeKafkaHeaders(std::span<const KafkaHeader> headers);

// Returns whether an rd_kafka_resp_err_t means that Kafka can never accept the message, because it
// is too large or malformed.
bool IsRefusal(int error);

// Returns the error "producing to <topic>: ..." with the exit code for an rd_kafka_resp_err_t.
TaskError ProducingError(int error, const std::string& topic);

}  // namespace steamflow
