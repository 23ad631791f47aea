#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "batch_dead_letters.h"
#include "consumed_record.h"
#include "message_reader.h"
#include "task_error.h"

namespace steamflow {

// A record of a partition. It serves to tell the partition from another one with the same name,
// after a topic was deleted and created again.
struct LastRecord {
  std::int64_t offset = 0;
  std::optional<std::int64_t> timestamp_ms;  // Kafka's timestamp, in milliseconds since the epoch
  // The event_id header, or a fingerprint of event id, key and value if the header is missing or
  // cannot be stored. Empty in positions that an older program stored without a fingerprint.
  std::string event_id;

  bool operator==(const LastRecord&) const = default;
};

// How far a store has taken a partition, and the record that identifies the partition.
struct SinkPosition {
  std::int64_t offset = 0;         // every record before it is stored, or a dead letter
  std::optional<LastRecord> last;  // the last record before it; nullopt if there was none

  bool operator==(const SinkPosition&) const = default;
};

// A change of a partition's stored position.
struct PositionMove {
  KafkaPartition partition;
  std::optional<SinkPosition> from;  // nullopt if no position was stored
  SinkPosition to;
};

// Thrown if the store did not say in time whether it stored a batch. The next run finds out,
// because the positions are stored with the batch.
class UnknownOutcome : public TaskError {
 public:
  using TaskError::TaskError;
};

// A batch of records to be stored.
class SinkBatch {
 public:
  struct Stored {
    std::uint64_t inserted = 0;
    std::uint64_t duplicates = 0;
  };

  virtual ~SinkBatch() = default;

  // Adds a record. Copies what it needs.
  virtual void Add(const ConsumedRecord& record) = 0;
  virtual bool IsFull() const = 0;

  // Does in advance whatever is possible while the previous batch is still being stored. Called
  // once, before Store. Does not throw; errors come from Store.
  virtual void Stage() {}

  // Stores the records and, with them or after them, the positions. A record that the store refuses
  // for a fault that is provably the record's own is passed to letters.Refuse, and the dead letters
  // are sent before the positions are stored. If the store refuses for a reason of its own, throws
  // and moves no position. Returns nullopt, and stores no position, if the stored positions are no
  // longer the `from` of `moves`, because another sink was faster. Runs on another thread, while
  // the next batch is filled. Throws TaskError, or UnknownOutcome if the batch may have been
  // stored.
  virtual std::optional<Stored> Store(const std::vector<PositionMove>& moves,
                                      BatchDeadLetters& letters) = 0;

  // Drops the records, so that the batch can be filled again.
  virtual void Clear() = 0;
};

// Holds a sink's records and the positions that belong to them. Both are in the same store, so that
// a store that is restored from a backup has the positions of its own records (I5).
class SinkStore {
 public:
  virtual ~SinkStore() = default;
  virtual std::string type() const = 0;  // the name in the result, such as "postgres"

  // Returns the position of each partition, nullopt for one that has none. Throws TaskError.
  virtual std::vector<std::optional<SinkPosition>> Positions(
      const std::vector<KafkaPartition>& partitions) = 0;

  // Returns the partitions of these topics that have a position other than 0, whether or not Kafka
  // has them; may miss those stored in the last second. Throws TaskError.
  virtual std::vector<KafkaPartition> StoredPartitions(const std::vector<std::string>& topics) = 0;

  // Makes an empty batch. The store must outlive it. Only one batch may be stored at a time.
  virtual std::unique_ptr<SinkBatch> MakeBatch() = 0;
};

}  // namespace steamflow
