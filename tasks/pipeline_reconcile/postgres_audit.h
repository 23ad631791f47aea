#pragma once

#include <string>

#include "postgres_client.h"
#include "store_audit.h"

namespace steamflow {

// Audits the table `records` and the offsets that kafka-to-postgres stores.
class PostgresAudit : public StoreAudit {
 public:
  // Connects. `since` is when the window begins. `stop` must outlive this object. Throws TaskError,
  // kConfig if the tables are missing.
  PostgresAudit(const PostgresParameters& parameters, const std::string& schema, Instant since,
                const Stop& stop);

  std::string name() const override { return "postgres"; }
  std::string sink() const override { return "kafka-to-postgres"; }
  Offsets StoredOffsets(const std::vector<KafkaPartition>& partitions) override;
  std::vector<Holding> LookUp(std::span<const AuditedRecord> records) override;

 private:
  PostgresClient client_;
  const Instant since_;
};

}  // namespace steamflow
