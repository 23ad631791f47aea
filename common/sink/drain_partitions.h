#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "drain_options.h"
#include "message_reader.h"
#include "partition_progress.h"
#include "run.h"
#include "shard.h"
#include "sink_store.h"

namespace steamflow {

// The partitions that a drain reads, each from its stored position to its end. A partition that
// cannot be read does not hold up the others: its fault is kept, and the run reports it at the end.
class DrainPartitions {
 public:
  // `options` and `run` must outlive this object. `is_compacted` is called for a topic if a record
  // is missing between records that a partition still has.
  DrainPartitions(const DrainOptions& options, Run& run,
                  std::function<bool(const std::string& topic)> is_compacted);

  // Finds the partitions of all topics, and the range of offsets that each has. Throws as
  // MessageReader does.
  void Look(MessageReader& reader);
  // Reads the ranges again, for a new reader. The ends are never raised, so that a run with a
  // steady producer comes to an end; they are lowered if records were deleted in the meantime.
  void LookAgain(MessageReader& reader);
  // Sets each partition to its stored position if Kafka confirms it, and adds a fault otherwise.
  // Throws as MessageReader and SinkStore do.
  void FindPositions(MessageReader& reader, SinkStore& store);
  // Returns whether Kafka still has the witnesses of the partitions that are about to move; `moved`
  // has their indexes. If not, a topic was deleted and created again while it was read, and the
  // move would skip the beginning of the new one. Reads one record for each topic and leader, where
  // one for each partition would take most of a drain's time. Throws as MessageReader does.
  bool AreConfirmed(MessageReader& checker, const std::vector<std::size_t>& moved);
  // Stops reading topics that no longer exist.
  void LookForDeleted(MessageReader& reader);
  // Stops reading a topic, given by its index, and keeps the error.
  void CutOff(std::size_t topic, const TaskError& error);
  // Looks for open transactions after the ends of the partitions. Records there may have been
  // written before the run began, but cannot be read until the transaction ends. Logs a warning,
  // and counts them as lag.
  void AddOpenTransactions(MessageReader& reader);

  bool are_done() const;
  std::int64_t lag() const;
  const std::vector<TaskError>& faults() const { return faults_; }
  std::vector<PartitionProgress>& all() { return all_; }
  // Sets the number of partitions and the lag of each topic.
  void Count(std::vector<DrainResult::Topic>& topics) const;

 private:
  std::vector<KafkaPartition> Names() const;
  // Adds the partitions that have a position and are no longer in Kafka: their topic was deleted
  // and created again with fewer partitions.
  void AddMissing(MessageReader& reader, SinkStore& store);
  bool IsOwn(const KafkaPartition& partition) const;  // of this shard
  // Reads the ranges again of partitions whose stored position is behind their end. Another sink
  // may have moved the position after the ends were read.
  void LookBehindPositions(MessageReader& reader);
  // Begins the partition anew if --accept-gap was given. Otherwise leaves out its topic and adds a
  // fault.
  void OnGap(PartitionProgress& gap, const std::string& fault);
  // Adds the fault (kTransient) of a partition that could not be read in time.
  void AddUnread(const KafkaPartition& partition, const std::string& cause);

  const DrainOptions& options_;
  Run& run_;
  const std::function<bool(const std::string& topic)> is_compacted_;
  const Shard shard_;
  std::vector<PartitionProgress> all_;
  std::vector<TaskError> faults_;
};

}  // namespace steamflow
