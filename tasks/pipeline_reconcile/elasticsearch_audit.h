#pragma once

#include <string>

#include "index_guard.h"
#include "position_index.h"
#include "rest_client.h"
#include "run.h"
#include "store_audit.h"

namespace steamflow {

// Audits the documents and the positions that kafka-to-elasticsearch stores.
class ElasticsearchAudit : public StoreAudit {
 public:
  // `since` is when the window begins. `run` must outlive this object.
  ElasticsearchAudit(const RestServer& server, const std::string& index_prefix, Instant since,
                     const Run& run);

  std::string name() const override { return "elasticsearch"; }
  std::string sink() const override { return "kafka-to-elasticsearch"; }
  // Reads the positions that the sink compares with Kafka; the offsets of its consumer group may be
  // older.
  Offsets StoredOffsets(const std::vector<KafkaPartition>& partitions) override;
  // Uses _mget, which finds documents even before a refresh makes them visible to searches. An
  // event is held if its document exists. A player is held if the document's version is not older
  // than the record.
  std::vector<Holding> LookUp(std::span<const AuditedRecord> records) override;

 private:
  // Used by both members below, so it has to be constructed first.
  RestClient client_;
  IndexGuard guard_;
  PositionIndex positions_;
  const std::string index_prefix_;
  // Decides between a missing record and an expired one; see IsMonthBefore().
  const Instant since_;
};

}  // namespace steamflow
