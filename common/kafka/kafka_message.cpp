#include "kafka_message.h"

#include <librdkafka/rdkafka.h>

namespace steamflow {
namespace {

rd_kafka_headers_t* HeadersOf(const void* message) {
  rd_kafka_headers_t* headers = nullptr;
  if (message) rd_kafka_message_headers(static_cast<const rd_kafka_message_t*>(message), &headers);
  return headers;
}

}  // namespace

std::optional<std::string_view> KafkaMessage::Header(const char* name) const {
  const rd_kafka_headers_t* headers = HeadersOf(message);
  const void* bytes = nullptr;
  std::size_t size = 0;
  if (!headers || rd_kafka_header_get_last(headers, name, &bytes, &size) || !bytes) {
    return std::nullopt;
  }
  return std::string_view(static_cast<const char*>(bytes), size);
}

std::vector<KafkaHeader> KafkaMessage::Headers() const {
  std::vector<KafkaHeader> all;
  const rd_kafka_headers_t* headers = HeadersOf(message);
  const char* name = nullptr;
  const void* bytes = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; headers && !rd_kafka_header_get_all(headers, i, &name, &bytes, &size);
       ++i) {
    all.push_back({name, {static_cast<const char*>(bytes), size}});
  }
  return all;
}

}  // namespace steamflow
