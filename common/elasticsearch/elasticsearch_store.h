#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bulk_sender.h"
#include "drain_options.h"
#include "kafka_reader.h"
#include "sink_store.h"

namespace steamflow {

// Elasticsearch or OpenSearch as the end of a drain. How far each partition is stored are the
// offsets that the consumer group `steamflow-elasticsearch` has committed: after the documents are
// in, so that what is stored twice after a crash meets its twin.
class ElasticsearchStore : public SinkStore {
 public:
  // Begins to connect to Kafka. `server` and `run` must outlive this.
  ElasticsearchStore(const RestServer& server, const std::string& index_prefix,
                     const DrainOptions& options, const Run& run);
  ~ElasticsearchStore() override;

  std::string type() const override { return "elasticsearch"; }
  std::vector<std::optional<SinkPosition>> Positions(
      const std::vector<KafkaPartition>& partitions) override;
  std::unique_ptr<SinkBatch> MakeBatch() override;

 private:
  class Batch;

  void Commit(const std::vector<PositionMove>& moves);

  std::map<std::string, std::string, std::less<>> indices_;  // of each topic, see IndexName
  BulkSender sender_;
  KafkaReader group_;
};

}  // namespace steamflow
