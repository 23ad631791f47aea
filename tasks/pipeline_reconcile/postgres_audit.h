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
  // Reads `sink_offsets`. The sink moves it in the transaction that stores the records, so the two
  // always agree.
  Offsets StoredOffsets(const std::vector<KafkaPartition>& partitions) override;
  // Looks only into `records`, which has every record; the tables of the kinds lack some by design.
  std::vector<Holding> LookUp(std::span<const AuditedRecord> records) override;

 private:
  PostgresClient client_;
  // Decides between a missing record and an expired one; see IsMonthBefore().
  const Instant since_;
};

}  // namespace steamflow
