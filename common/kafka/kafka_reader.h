#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kafka_config.h"
#include "kafka_message.h"
#include "kafka_partition.h"
#include "stop.h"

namespace steamflow {

// What one Read has found beside messages.
struct KafkaRead {
  // A partition that has been read up to `offset`: there is nothing behind it for now.
  struct End {
    std::size_t partition = 0;
    std::int64_t offset = 0;
  };
  std::vector<End> ends;
  // A partition that the brokers refuse, which another try would not change.
  struct Refusal {
    std::size_t partition = 0;
    TaskError error;
  };
  std::vector<Refusal> refusals;
  std::vector<std::size_t> gaps;  // partitions whose next offset Kafka no longer has
};

// Reads partitions that its user names, from offsets that its user names, over librdkafka:
// assign(), no group membership, committed messages only. What is read ahead stays under 4 MiB.
// Calls wait, but not past `stop.work_until()` or a signal. They throw TaskError: kAuth where the
// brokers refuse the login, kTransient where none can be reached in time. What concerns one topic
// or partition is told as a value: kConfig where it does not exist, kAuth where the right to it is
// missing, kTransient where its leader does not answer within seconds, though others do.
class KafkaReader {
 public:
  // Begins to connect. `group` is whose offsets Commit sets.
  KafkaReader(const KafkaProperties& properties, const std::string& group, const Stop& stop);
  ~KafkaReader();
  KafkaReader(const KafkaReader&) = delete;
  KafkaReader& operator=(const KafkaReader&) = delete;

  // The partitions of each topic, in the order of their ids.
  KafkaAnswers<std::vector<KafkaPartition>> Partitions(const std::vector<std::string>& topics);

  // The end of all messages, those of open transactions too, as the last fetch from the partition
  // saw it; nothing where there was none.
  std::optional<std::int64_t> HighWatermark(const KafkaPartition& partition);

  // What each partition holds; its end is that of the committed messages.
  KafkaAnswers<KafkaRange> Ranges(const std::vector<KafkaPartition>& partitions);

  // The first offset of each partition whose message is not older than this; -1 where all are.
  KafkaAnswers<std::int64_t> OffsetsAt(const std::vector<KafkaPartition>& partitions,
                                       std::chrono::milliseconds since_epoch);

  // Sets the group's offsets, and waits for it at most so long. Before Start.
  void Commit(const std::vector<KafkaPartition>& partitions,
              const std::vector<std::int64_t>& offsets, std::chrono::milliseconds longest);

  // Begins to fetch each partition from its offset, in place of those of the last call.
  void Start(const std::vector<KafkaPartition>& partitions,
             const std::vector<std::int64_t>& offsets);

  // No more of this one (its place in the list given to Start).
  void Pause(std::size_t partition);

  // Calls `on_message` for what is there, at most `most` messages, those of one partition in their
  // order; waits up to `wait` where there is nothing. Each message is freed before the next, so
  // that it is allocated where the processor has just been.
  using OnMessage = std::function<void(const KafkaMessage&)>;
  const KafkaRead& Read(std::size_t most, std::chrono::milliseconds wait,
                        const OnMessage& on_message);

  // What librdkafka last complained of; empty where it did not. It tries again by itself.
  const std::string& trouble() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
