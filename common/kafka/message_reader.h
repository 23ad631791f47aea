#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kafka_message.h"
#include "kafka_partition.h"

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

// Reads partitions that its user names, from offsets that its user names. Besides Kafka's there is
// one in the memory of a test. What concerns one topic or partition is told as a value: kConfig
// where it does not exist, kAuth where the right to it is missing, kTransient where its leader does
// not answer within seconds, though others do.
class MessageReader {
 public:
  virtual ~MessageReader() = default;

  // The partitions of each topic, in the order of their ids.
  virtual KafkaResults<std::vector<KafkaPartition>> Partitions(
      const std::vector<std::string>& topics) = 0;

  // What each partition holds; its end is that of the committed messages.
  virtual KafkaResults<KafkaRange> Ranges(const std::vector<KafkaPartition>& partitions) = 0;

  // The end of all messages, those of open transactions too, as the last fetch from the partition
  // saw it; nothing where there was none.
  virtual std::optional<std::int64_t> HighWatermark(const KafkaPartition& partition) = 0;

  // Begins to fetch each partition from its offset, in place of those of the last call.
  virtual void Start(const std::vector<KafkaPartition>& partitions,
                     const std::vector<std::int64_t>& offsets) = 0;

  // No more of this one (its place in the list given to Start).
  virtual void Pause(std::size_t partition) = 0;

  // Calls `on_message` for what is there, at most `most` messages, those of one partition in their
  // order; waits up to `wait` where there is nothing. Each message is freed before the next, so
  // that it is allocated where the processor has just been.
  using OnMessage = std::function<void(const KafkaMessage&)>;
  virtual const KafkaRead& Read(std::size_t most, std::chrono::milliseconds wait,
                                const OnMessage& on_message) = 0;

  // What it was last told to be wrong; empty where nothing was. It tries again by itself.
  virtual const std::string& trouble() const = 0;
};

}  // namespace steamflow
