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

// The partitions that a drain reads, each from its stored position to its end, and what is wrong
// with those that it cannot read. These hold up no others: their faults are kept until the end.
class DrainPartitions {
 public:
  // All that is given must outlive this. `is_compacted` is asked of a topic where a record is
  // missing in the middle of what a partition has.
  DrainPartitions(const DrainOptions& options, Run& run,
                  std::function<bool(const std::string& topic)> is_compacted);

  // Finds out which partitions there are, and what they hold. Throws as MessageReader does.
  void Look(MessageReader& reader);
  // What was deleted meanwhile is not waited for. The ends stay those of the start.
  void LookAgain(MessageReader& reader);
  // Begins each partition where the store has it, if Kafka confirms that. Throws as MessageReader
  // and SinkStore do.
  void FindPositions(MessageReader& reader, SinkStore& store);
  // Leaves out the topics that are not there any more.
  void LookForDeleted(MessageReader& reader);
  // Nothing more of a topic can be read.
  void CutOff(std::size_t topic, const TaskError& error);
  // Messages behind the end may be new, or wait for the end of a transaction: then the end has not
  // passed them yet, and they count as lag. Warns of them.
  void AddOpenTransactions(MessageReader& reader);

  bool are_done() const;
  std::int64_t lag() const;
  const std::vector<TaskError>& faults() const { return faults_; }
  std::vector<PartitionProgress>& all() { return all_; }
  // How many of each topic there are, and their lag.
  void Count(std::vector<DrainResult::Topic>& topics) const;

 private:
  std::vector<KafkaPartition> Names() const;
  void LookBehindPositions(MessageReader& reader);
  void OnGap(PartitionProgress& gap, const std::string& fault);
  void AddUnread(const KafkaPartition& partition, const std::string& cause);

  const DrainOptions& options_;
  Run& run_;
  const std::function<bool(const std::string& topic)> is_compacted_;
  const Shard shard_;
  std::vector<PartitionProgress> all_;
  std::vector<TaskError> faults_;
};

}  // namespace steamflow
