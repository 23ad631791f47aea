#pragma once

#include <cstdint>
#include <string>

namespace steamflow {

struct KafkaPartition {
  std::string topic;
  std::int32_t id = 0;
  bool has_leader = true;  // without one it can neither be asked about nor read
};

// What a partition holds at one time: the offsets from `begin` up to, not including, `end`.
struct KafkaRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

}  // namespace steamflow
