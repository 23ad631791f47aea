#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kafka_producer.h"

namespace steamflow {

// A message of a partition. Everything it shows lives as long as the call that gives it.
struct KafkaMessage {
  std::size_t partition = 0;  // its place in the list given to Start
  std::int64_t offset = 0;
  std::optional<std::int64_t> timestamp_ms;  // Kafka's, since the epoch
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;     // nothing: a tombstone
  std::optional<std::string_view> event_id;  // the header

  // The last header of that name.
  std::optional<std::string_view> Header(const char* name) const;
  std::vector<KafkaHeader> Headers() const;

  const void* message = nullptr;  // librdkafka's, which has the headers
};

}  // namespace steamflow
