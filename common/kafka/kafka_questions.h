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

// The requests of a KafkaReader apart from reading: which partitions a topic has, and which offsets
// they hold. All arguments of the constructor must outlive this object.
class KafkaQuestions {
 public:
  KafkaQuestions(rd_kafka_s* kafka, const KafkaTroubles& troubles, const Stop& stop)
      : kafka_(kafka), troubles_(troubles), stop_(stop) {}

  // These two do what KafkaReader's functions of the same name promise.
  KafkaResults<std::vector<KafkaPartition>> Partitions(const std::vector<std::string>& topics);
  KafkaResults<KafkaRange> Ranges(const std::vector<KafkaPartition>& partitions);
  // Returns, for each partition, the first offset at or after a time in ms since the epoch, or -1
  // if there is none. `time` may also be one of the special values of the Kafka protocol.
  KafkaResults<std::int64_t> Offsets(const std::vector<KafkaPartition>& partitions,
                                     std::int64_t time);

 private:
  using Places = std::vector<std::size_t>;  // indexes into a list of partitions

  // Waits a moment for a topic or a leader that is missing, because a topic may have been created
  // just before `begun`.
  tl::expected<std::vector<KafkaPartition>, TaskError> PartitionsOf(const std::string& topic,
                                                                    Clock::time_point begun);
  // Sends one request to the leaders of these partitions and waits at most `longest`.
  int AskLeaders(const std::vector<KafkaPartition>& partitions, const Places& places,
                 std::int64_t time, std::chrono::milliseconds longest,
                 KafkaResults<std::int64_t>& offsets);
  // Waits are divided into slices, because librdkafka does not notice a signal while it waits.
  std::chrono::milliseconds Slice(std::chrono::milliseconds longest) const;
  std::chrono::milliseconds Left() const;
  // Runs librdkafka's callbacks between two slices. Throws if the login was rejected or the time is
  // over; `cause` is then the message.
  void Serve(const std::string& cause);

  // All three belong to the KafkaReader.
  rd_kafka_s* const kafka_;
  const KafkaTroubles& troubles_;
  const Stop& stop_;
};

}  // namespace steamflow
