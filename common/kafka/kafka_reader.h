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

// Reads from Kafka with librdkafka. It uses assign() without joining a group and reads only
// committed messages. Messages that are fetched ahead take at most 4 MiB. Calls block, but not past
// `stop.work_until()` or a signal. They throw TaskError: kAuth if the brokers reject the login,
// kTransient if no broker can be reached in time, and the code of a signal.
class KafkaReader : public MessageReader {
 public:
  // Starts to connect. `group` is the consumer group whose offsets Commit() sets. `stop` must
  // outlive this object.
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

  // Returns, for each partition, the first offset whose message is not older than the given time,
  // or -1 if all messages are older.
  KafkaResults<std::int64_t> OffsetsAt(const std::vector<KafkaPartition>& partitions,
                                       std::chrono::milliseconds since_epoch);

  // Sets the group's offsets and waits at most `longest` for the response. Call it before Start().
  // Throws TaskError if the offsets could not be set.
  void Commit(const std::vector<KafkaPartition>& partitions,
              const std::vector<std::int64_t>& offsets, std::chrono::milliseconds longest);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
