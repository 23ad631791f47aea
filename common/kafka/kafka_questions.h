#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kafka_client.h"
#include "kafka_handles.h"
#include "kafka_partition.h"
#include "stop.h"

namespace steamflow {

// What a KafkaReader asks the brokers beside messages: which partitions there are, and what they
// hold. All that is given must outlive this.
class KafkaQuestions {
 public:
  KafkaQuestions(rd_kafka_s* kafka, const KafkaTroubles& troubles, const Stop& stop)
      : kafka_(kafka), troubles_(troubles), stop_(stop) {}

  // As KafkaReader has them.
  std::vector<KafkaPartition> Partitions(const std::vector<std::string>& topics);
  std::vector<KafkaRange> Ranges(const std::vector<KafkaPartition>& partitions);
  std::vector<std::optional<std::int64_t>> OffsetsAt(const std::vector<KafkaPartition>& partitions,
                                                     std::chrono::milliseconds since_epoch);

 private:
  void Ask(const std::string& doing, const std::function<int(int)>& call);
  std::vector<KafkaPartition> PartitionsOf(const std::string& topic);
  std::vector<std::int64_t> OffsetsFor(const std::vector<KafkaPartition>& partitions,
                                       std::int64_t time);
  std::chrono::milliseconds Left() const;
  void Serve(std::chrono::milliseconds wait, const std::string& cause);

  rd_kafka_s* const kafka_;
  const KafkaTroubles& troubles_;
  const Stop& stop_;
};

}  // namespace steamflow
