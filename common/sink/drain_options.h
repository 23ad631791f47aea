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
  std::vector<std::string> topics = RecordTopics();  // all topics of records/topics.h
  std::optional<std::uint64_t> max_records;
  std::string shard;  // "I/N": the partitions I, I+N ... of each topic; empty = all
  bool accept_gap = false;
  bool accept_refusals = false;
  KafkaFlags kafka;

  void AddTo(const Flags& flags);
};

// Throws TaskError (kUsage) if a topic is given twice or is not a valid topic name.
void CheckTopics(const std::vector<std::string>& topics);

}  // namespace steamflow
