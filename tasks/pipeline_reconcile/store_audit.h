#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "consumed_record.h"
#include "kafka_reader.h"
#include "timestamp.h"

namespace steamflow {

// A record that a store should hold.
struct AuditedRecord {
  // Copies what an audit needs, because the views of a ConsumedRecord are valid only until the next
  // message is parsed.
  AuditedRecord(const ConsumedRecord& record, std::string place_in_kafka);

  std::string event_id;
  std::string topic;
  std::string place;  // its place in Kafka: <topic>/<partition>/<offset>
  // Together with `id_time` it decides where the store keeps the record.
  RecordKind kind = RecordKind::kOther;
  // For an event whose id names no month, retention goes by this time.
  Instant event_time;
  std::optional<Instant> id_time;  // see ConsumedRecord
  std::string state_id;            // the id of a player's document in Elasticsearch
  std::int64_t state_version = 0;  // the version of that document
};

// What a store says about one record.
enum class Holding {
  // The event is stored. Of a player, this version or a newer one is.
  kHeld,
  // The store should have the record, but does not.
  kMissing,
  kExpired,  // its month was dropped, and had ended before the window began
};

// Looks up records in a store, to audit what a sink has stored. The functions throw TaskError.
class StoreAudit {
 public:
  virtual ~StoreAudit() = default;
  virtual std::string name() const = 0;  // the name in reports, such as "postgres"
  virtual std::string sink() const = 0;  // the task that fills the store

  // Returns the offset up to which each partition is stored. Leaves out partitions that have none.
  using Offsets = std::map<std::pair<std::string, std::int32_t>, std::int64_t>;
  virtual Offsets StoredOffsets(const std::vector<KafkaPartition>& partitions) = 0;

  // Returns for each record whether the store holds it. The records are of one topic.
  virtual std::vector<Holding> LookUp(std::span<const AuditedRecord> records) = 0;
};

// Returns whether the month that `month` lies in ended before a window that begins at `since`, so
// that retention may have dropped it.
bool IsMonthBefore(Instant month, Instant since);

}  // namespace steamflow
