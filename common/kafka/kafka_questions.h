#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "kafka_error.h"
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
  KafkaResults<std::vector<KafkaPartition>> Partitions(const std::vector<std::string>& topics);
  KafkaResults<KafkaRange> Ranges(const std::vector<KafkaPartition>& partitions);
  // The first offset of each partition at or after a time in ms, or one of the protocol's special
  // values; -1 where there is none.
  KafkaResults<std::int64_t> Offsets(const std::vector<KafkaPartition>& partitions,
                                     std::int64_t time);

 private:
  using Places = std::vector<std::size_t>;  // of partitions in a list

  tl::expected<std::vector<KafkaPartition>, TaskError> PartitionsOf(const std::string& topic,
                                                                    Clock::time_point begun);
  int AskLeaders(const std::vector<KafkaPartition>& partitions, const Places& places,
                 std::int64_t time, std::chrono::milliseconds longest,
                 KafkaResults<std::int64_t>& offsets);
  std::chrono::milliseconds Slice(std::chrono::milliseconds longest) const;
  std::chrono::milliseconds Left() const;
  void Serve(const std::string& cause);

  rd_kafka_s* const kafka_;
  const KafkaTroubles& troubles_;
  const Stop& stop_;
};

}  // namespace steamflow
