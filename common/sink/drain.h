#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "batch_dead_letters.h"
#include "consumed_record.h"
#include "kafka_config.h"
#include "kafka_reader.h"
#include "run.h"

namespace steamflow {

class Flags;

// The flags that every sink has.
struct DrainOptions {
  std::vector<std::string> topics = RecordTopics();
  std::uint64_t max_records = 0;  // 0 = no limit
  std::string shard;              // "I/N", empty = not sharded
  bool accept_gap = false;
  KafkaFlags kafka;

  void AddTo(const Flags& flags);
};

// Throws TaskError (kUsage) where a topic of --topic is given twice, or is no name of a topic.
void CheckTopics(const std::vector<std::string>& topics);

// A partition's way from one stored offset to the next.
struct OffsetMove {
  KafkaPartition partition;
  std::optional<std::int64_t> from;  // nothing: none was stored
  std::int64_t to = 0;               // everything before it is taken
};

// The records of a batch, on their way into a store.
class SinkBatch {
 public:
  struct Stored {
    std::uint64_t inserted = 0;
    std::uint64_t duplicates = 0;
  };

  virtual ~SinkBatch() = default;

  // Copies what it needs of the record.
  virtual void Add(const ConsumedRecord& record) = 0;
  virtual bool IsFull() const = 0;

  // Does ahead what can be done while the batch before this one is still being stored. To be called
  // once, before Store.
  virtual void Stage() {}

  // Stores the records, and after or with them the offsets. What the store refuses for good joins
  // `letters`, and these are sent before the offsets are stored. Nothing where the stored offsets
  // are no longer those that `moves` begin with: another sink was faster, and nothing was stored.
  // Called on a thread of its own, beside Add to the next batch. Throws TaskError.
  virtual std::optional<Stored> Store(const std::vector<OffsetMove>& moves,
                                      BatchDeadLetters& letters) = 0;

  // Forgets the records, to be filled again.
  virtual void Clear() = 0;
};

// Where a sink's records go.
class SinkStore {
 public:
  virtual ~SinkStore() = default;
  virtual std::string type() const = 0;  // for the result: "postgres"

  // The offset that each partition is stored up to; nothing where there is none. Throws TaskError.
  virtual std::vector<std::optional<std::int64_t>> StoredOffsets(
      const std::vector<KafkaPartition>& partitions) = 0;

  // Batches belong to the store, and are stored one at a time.
  virtual std::unique_ptr<SinkBatch> MakeBatch() = 0;
};

// Moves records from Kafka into the store, from the stored offsets to the ends as seen at the
// start, or until --max-records or the end of the work, and fills in the result. Poison goes to the
// dead letters. While a batch is being stored the next one is read.
class Drain {
 public:
  // Checks the flags, before any network use. Throws TaskError (kUsage, kConfig).
  Drain(Run& run, const DrainOptions& options);
  ~Drain();

  // Once only. Throws TaskError: kConfig for an unknown topic, kData after all else is drained
  // where a stored offset lies outside of what Kafka has, kTransient where no record could be moved
  // in time, and what the store throws.
  void Into(SinkStore& store);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
