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

// A record by which its partition can be told from another one of the same name.
struct LastRecord {
  std::int64_t offset = 0;
  std::optional<std::int64_t> timestamp_ms;  // Kafka's
  // Text: the header, or of a record without one that could be stored a fingerprint of key and
  // value. Empty in positions of programs that did not keep that.
  std::string event_id;

  bool operator==(const LastRecord&) const = default;
};

// How far a store has a partition, and what it is a position in.
struct SinkPosition {
  std::int64_t offset = 0;         // everything before it is taken
  std::optional<LastRecord> last;  // the last record before it; nothing: there was none

  bool operator==(const SinkPosition&) const = default;
};

// A partition's way from one stored position to the next.
struct PositionMove {
  KafkaPartition partition;
  std::optional<SinkPosition> from;  // nothing: none was stored
  SinkPosition to;
};

// A batch may be stored or not: the store did not tell in time. The next run finds out.
class UnknownOutcome : public TaskError {
 public:
  using TaskError::TaskError;
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

  // Stores the records, and after or with them the positions. What the store refuses for a fault
  // that is provably the record's own goes to letters.Refuse, and the dead letters are sent before
  // the positions are stored; what it refuses for a reason of its own is thrown, and moves nothing.
  // Nothing where the stored positions are no longer those that `moves` begin with: another sink
  // was faster. Called on a thread of its own, beside Add to the next batch. Throws TaskError, and
  // UnknownOutcome where the records may be stored all the same.
  virtual std::optional<Stored> Store(const std::vector<PositionMove>& moves,
                                      BatchDeadLetters& letters) = 0;

  // Forgets the records, to be filled again.
  virtual void Clear() = 0;
};

// Where a sink's records go, and where their positions are kept.
class SinkStore {
 public:
  virtual ~SinkStore() = default;
  virtual std::string type() const = 0;  // for the result: "postgres"

  // The position of each partition; nothing where there is none. Throws TaskError.
  virtual std::vector<std::optional<SinkPosition>> Positions(
      const std::vector<KafkaPartition>& partitions) = 0;

  // Batches belong to the store, and are stored one at a time.
  virtual std::unique_ptr<SinkBatch> MakeBatch() = 0;
};

}  // namespace steamflow
