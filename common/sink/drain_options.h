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
  // Over all topics. The run stops between two records, and the next run continues there.
  std::optional<std::uint64_t> max_records;
  std::string shard;  // "I/N": the partitions I, I+N ... of each topic; empty = all
  // Set by a person after a run has ended with kData (a gap) or kConfig (refusals).
  bool accept_gap = false;
  bool accept_refusals = false;
  KafkaFlags kafka;

  // Adds the flags. Their defaults are the current values of the members.
  void AddTo(const Flags& flags);
};

// Throws TaskError (kUsage) if a topic is given twice or is not a valid topic name.
void CheckTopics(const std::vector<std::string>& topics);

}  // namespace steamflow
