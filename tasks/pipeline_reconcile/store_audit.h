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
  AuditedRecord(const ConsumedRecord& record, std::string place_in_kafka);

  std::string event_id;
  std::string topic;
  std::string place;  // in Kafka: <topic>/<partition>/<offset>
  RecordKind kind = RecordKind::kOther;
  Instant event_time;
  std::optional<Instant> id_time;  // see ConsumedRecord
  std::string state_id;            // of a player, and
  std::int64_t state_version = 0;  // its version in Elasticsearch
};

enum class Holding {
  kHeld,
  kMissing,
  kExpired,  // its month has been dropped, and was over before the window began
};

// A store as one who checks it sees it. Calls throw TaskError.
class StoreAudit {
 public:
  virtual ~StoreAudit() = default;
  virtual std::string name() const = 0;  // "postgres"
  virtual std::string sink() const = 0;  // the task that fills it

  // Up to which offset each partition is stored; none where nothing is.
  using Offsets = std::map<std::pair<std::string, std::int32_t>, std::int64_t>;
  virtual Offsets StoredOffsets(const std::vector<KafkaPartition>& partitions) = 0;

  // Whether it holds each of the records, of one topic and in their order.
  virtual std::vector<Holding> LookUp(std::span<const AuditedRecord> records) = 0;
};

// Whether a month was over before a window began, so that retention may have taken it.
bool IsMonthBefore(Instant month, Instant since);

}  // namespace steamflow
