#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "message_reader.h"
#include "partition_progress.h"
#include "stop.h"

namespace steamflow {

// A stored offset is meaningless in a partition that was deleted and created again. So a position
// keeps the last record before it, and before a drain reads a partition it checks that Kafka still
// has that record.
//
// Returns why Kafka's partition is not the one in which the position was stored, as a clause for a
// message. Returns nullopt if the position is confirmed. `first` is the first record that Kafka has
// from the position's last record on, or nullopt if there is none. The position is confirmed if
// `first` is that last record. It is also confirmed if retention or compaction has removed the last
// record, provided that nothing unread was removed with it and that the next record is not older.
// `is_compacted` is called only if the last record is missing although its offset lies in `range`.
// A position without a last record is confirmed if Kafka still has no record before it.
std::optional<std::string> FaultOf(const SinkPosition& position, const KafkaRange& range,
                                   const std::optional<LastRecord>& first,
                                   const std::function<bool()>& is_compacted);

// The result of checking one partition's position. The position is confirmed if nothing is set.
struct PositionFinding {
  std::optional<std::string> fault;  // what FaultOf returned
  bool is_unread = false;            // the partition could not be read in time
  std::optional<TaskError> refusal;  // Kafka does not let us read the partition
};

// Reads the record that FaultOf needs from each partition, and checks the stored positions. Call
// PartitionProgress::Begin on the partitions first. Returns one finding for each partition. Waits
// at most 5 s for partitions that cannot be read, and not past the end of the run's working time.
// Throws as MessageReader does.
std::vector<PositionFinding> CheckPositions(
    MessageReader& reader, const std::vector<PartitionProgress>& partitions,
    const std::function<bool(const std::string& topic)>& is_compacted, const Stop& stop);

}  // namespace steamflow
