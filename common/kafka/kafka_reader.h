#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kafka_config.h"
#include "message_reader.h"
#include "stop.h"

namespace steamflow {

// Over librdkafka: assign(), no group membership, committed messages only. What is read ahead stays
// under 4 MiB. Calls wait, but not past `stop.work_until()` or a signal. They throw TaskError:
// kAuth where the brokers refuse the login, kTransient where none can be reached in time.
class KafkaReader : public MessageReader {
 public:
  // Begins to connect. `group` is whose offsets Commit sets.
  KafkaReader(const KafkaProperties& properties, const std::string& group, const Stop& stop);
  ~KafkaReader() override;
  KafkaReader(const KafkaReader&) = delete;
  KafkaReader& operator=(const KafkaReader&) = delete;

  KafkaResults<std::vector<KafkaPartition>> Partitions(
      const std::vector<std::string>& topics) override;
  KafkaResults<KafkaRange> Ranges(const std::vector<KafkaPartition>& partitions) override;
  std::optional<std::int64_t> HighWatermark(const KafkaPartition& partition) override;
  void Start(const std::vector<KafkaPartition>& partitions,
             const std::vector<std::int64_t>& offsets) override;
  void Pause(std::size_t partition) override;
  const KafkaRead& Read(std::size_t most, std::chrono::milliseconds wait,
                        const OnMessage& on_message) override;
  const std::string& trouble() const override;

  // The first offset of each partition whose message is not older than this; -1 where all are.
  KafkaResults<std::int64_t> OffsetsAt(const std::vector<KafkaPartition>& partitions,
                                       std::chrono::milliseconds since_epoch);

  // Sets the group's offsets, and waits for it at most so long. Before Start.
  void Commit(const std::vector<KafkaPartition>& partitions,
              const std::vector<std::int64_t>& offsets, std::chrono::milliseconds longest);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
