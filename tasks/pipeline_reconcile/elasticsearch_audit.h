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
  Offsets StoredOffsets(const std::vector<KafkaPartition>& partitions) override;
  std::vector<Holding> LookUp(std::span<const AuditedRecord> records) override;

 private:
  RestClient client_;
  IndexGuard guard_;
  PositionIndex positions_;
  const std::string index_prefix_;
  const Instant since_;
};

}  // namespace steamflow
