#pragma once

#include <string>

#include "kafka_config.h"
#include "rest_client.h"
#include "run.h"
#include "store_audit.h"

namespace steamflow {

// The documents of kafka-to-elasticsearch, and the offsets of its consumer group.
class ElasticsearchAudit : public StoreAudit {
 public:
  // `since` is when the window begins. The run must outlive this.
  ElasticsearchAudit(const RestServer& server, const std::string& index_prefix,
                     const KafkaProperties& kafka, Instant since, const Run& run);

  std::string name() const override { return "elasticsearch"; }
  std::string sink() const override { return "kafka-to-elasticsearch"; }
  Offsets StoredOffsets(const std::vector<KafkaPartition>& partitions) override;
  std::vector<Holding> LookUp(std::span<const AuditedRecord> records) override;

 private:
  RestClient client_;
  const std::string index_prefix_;
  const KafkaProperties kafka_;
  const Instant since_;
  const Stop& stop_;
};

}  // namespace steamflow
