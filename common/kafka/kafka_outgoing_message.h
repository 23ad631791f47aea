#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "task_error.h"

struct rd_kafka_headers_s;
extern "C" void rd_kafka_headers_destroy(rd_kafka_headers_s*);

namespace steamflow {

struct KafkaHeader {
  std::string_view name;
  std::string_view value;
};

// A Kafka message on its way out. The views need to live only for the call that takes them.
struct OutgoingMessage {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // nothing: a tombstone
  std::span<const KafkaHeader> headers;
  bool value_stays = false;  // where it is until the message is reported: no copy is made
};

// What follows is for the .cpp files that use librdkafka.

struct KafkaHeadersDeleter {
  void operator()(rd_kafka_headers_s* headers) const { rd_kafka_headers_destroy(headers); }
};
using KafkaHeaders = std::unique_ptr<rd_kafka_headers_s, KafkaHeadersDeleter>;

KafkaHeaders MakeKafkaHeaders(std::span<const KafkaHeader> headers);

// Whether an rd_kafka_resp_err_t means that Kafka can never take the message: it is too large, or
// not well formed.
bool IsRefusal(int error);

// "producing to <topic>: ...", with the exit code that fits an rd_kafka_resp_err_t.
TaskError ProducingError(int error, const std::string& topic);

}  // namespace steamflow
