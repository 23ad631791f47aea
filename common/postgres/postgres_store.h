#pragma once

#include <memory>
#include <string>

#include "postgres_client.h"
#include "sink_store.h"

namespace steamflow {

class Flags;

// The flags of the PostgreSQL sink.
struct PostgresStoreOptions {
  PostgresFlags postgres;
  std::string schema = "steamflow";
  bool no_create_schema = false;
  int keep_months = 0;  // how many past months to keep; 0 = all

  void AddTo(const Flags& flags);
};

// Stores records in PostgreSQL: each event id once, and the positions in the same transaction. The
// tables are described in postgres_schema.cpp.
class PostgresStore : public SinkStore {
 public:
  // Connects, and creates or migrates the tables. `stop` must outlive this object. Throws as
  // PostgresClient and PreparePostgresSchema do.
  PostgresStore(const PostgresStoreOptions& options, const PostgresParameters& parameters,
                const Stop& stop);
  ~PostgresStore() override;

  std::string type() const override { return "postgres"; }
  std::vector<std::optional<SinkPosition>> Positions(
      const std::vector<KafkaPartition>& partitions) override;
  std::vector<KafkaPartition> StoredPartitions(const std::vector<std::string>& topics) override;
  std::unique_ptr<SinkBatch> MakeBatch() override;

  // Deletes the records of the months that --keep-months does not keep. Throws PostgresError.
  void DropOldMonths();

 private:
  const PostgresStoreOptions options_;
  const PostgresParameters parameters_;
  const Stop& stop_;
  // For positions, the schema and old months. Each batch has its own session.
  PostgresClient client_;
};

}  // namespace steamflow
