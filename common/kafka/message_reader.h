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

// Findings of one Read() besides messages.
struct KafkaRead {
  // A partition that has been read up to `offset`, which is its end for now.
  struct End {
    std::size_t partition = 0;
    std::int64_t offset = 0;
  };
  std::vector<End> ends;
  // A partition that the brokers refuse to serve, for a reason that no retry can change.
  struct Refusal {
    std::size_t partition = 0;
    TaskError error;
  };
  std::vector<Refusal> refusals;
  std::vector<std::size_t> gaps;  // partitions whose next offset was deleted by Kafka
};

// Reads partitions from offsets; the caller chooses both. There are two implementations: Kafka, and
// one in the memory of a test. Errors of a single topic or partition are returned as values:
// kConfig if it does not exist, kAuth if permission is denied, kTransient if its leader does not
// respond within seconds although others do.
class MessageReader {
 public:
  virtual ~MessageReader() = default;

  // Returns the partitions of each topic, ordered by their IDs.
  virtual KafkaResults<std::vector<KafkaPartition>> Partitions(
      const std::vector<std::string>& topics) = 0;

  // Returns the offsets that each partition holds, up to the end of its committed messages.
  virtual KafkaResults<KafkaRange> Ranges(const std::vector<KafkaPartition>& partitions) = 0;

  // Returns the end of all messages of a partition, including those of open transactions, as of the
  // last fetch from it. Returns nullopt if there was no fetch.
  virtual std::optional<std::int64_t> HighWatermark(const KafkaPartition& partition) = 0;

  // Starts to fetch each partition from its offset, and stops fetching the partitions of the
  // previous call.
  virtual void Start(const std::vector<KafkaPartition>& partitions,
                     const std::vector<std::int64_t>& offsets) = 0;

  // Stops reading a partition, given as its index in the list given to Start().
  virtual void Pause(std::size_t partition) = 0;

  // Calls `on_message` for at most `most` messages that have arrived, in the order of their offsets
  // within a partition. Waits up to `wait` if none has arrived. Each message is freed before the
  // next call, so that memory that is still in the processor's cache is reused. The returned
  // reference is valid until the next Read().
  using OnMessage = std::function<void(const KafkaMessage&)>;
  virtual const KafkaRead& Read(std::size_t most, std::chrono::milliseconds wait,
                                const OnMessage& on_message) = 0;

  // Returns the last connection problem that was reported, or an empty string. The reader tries
  // again by itself.
  virtual const std::string& trouble() const = 0;
};

}  // namespace steamflow
