#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka_config.h"
#include "topics.h"

namespace steamflow {

class Flags;

// The flags that every sink has.
struct DrainOptions {
  std::vector<std::string> topics = RecordTopics();  // records/topics.h has the default
  std::optional<std::uint64_t> max_records;
  std::string shard;  // "I/N", empty = not sharded
  bool accept_gap = false;
  bool accept_refusals = false;
  KafkaFlags kafka;

  void AddTo(const Flags& flags);
};

// Throws TaskError (kUsage) where a topic of --topic is given twice, or is no name of a topic.
void CheckTopics(const std::vector<std::string>& topics);

}  // namespace steamflow
