#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "message_reader.h"
#include "partition_progress.h"
#include "stop.h"

namespace steamflow {

// Why what Kafka has is not what the position is one in; nothing where it is. `first` is the first
// record from CheckedFrom on, where there is one.
//
// The last record before the position must be there as it was. Where it lies before all that Kafka
// has, retention took it, and nothing unread with it: then the next record must not be older. So it
// must where compaction took it, which `is_compacted` is asked for.
std::optional<std::string> FaultOf(const SinkPosition& position, const KafkaRange& range,
                                   const std::optional<LastRecord>& first,
                                   const std::function<bool()>& is_compacted);

// What is found of a partition's position.
struct PositionFinding {
  std::optional<std::string> fault;
  bool is_unread = false;            // the partition cannot be read now
  std::optional<TaskError> refusal;  // it may not be read
};

// Reads the records that tell, and judges by them. The partitions must have been given their
// positions. Waits a few seconds at most for those that cannot be read, and not past the end of the
// work. Throws as MessageReader does.
std::vector<PositionFinding> CheckPositions(
    MessageReader& reader, const std::vector<PartitionProgress>& partitions,
    const std::function<bool(const std::string& topic)>& is_compacted, const Stop& stop);

}  // namespace steamflow
