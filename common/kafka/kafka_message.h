#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kafka_producer.h"

namespace steamflow {

// A message that was read from a partition. Its views are valid only during the call that provides
// it.
struct KafkaMessage {
  std::size_t partition = 0;  // index into the list given to Start
  std::int64_t offset = 0;
  std::optional<std::int64_t> timestamp_ms;  // Kafka's timestamp, since the epoch
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;     // nullopt for a tombstone
  std::optional<std::string_view> event_id;  // from the header of that name

  // Returns the last header with this name, or nullopt if there is none.
  std::optional<std::string_view> Header(const char* name) const;
  // Returns all headers in their order.
  std::vector<KafkaHeader> Headers() const;

  // Null for a message in the memory of a test, which then has no headers.
  const void* message = nullptr;  // librdkafka's message, which owns the headers
};

}  // namespace steamflow
