#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bulk_sender.h"
#include "drain_options.h"
#include "index_guard.h"
#include "kafka_reader.h"
#include "position_index.h"
#include "sink_store.h"

namespace steamflow {

// Stores records in Elasticsearch or OpenSearch. Positions are moved after the documents are
// stored. After a crash in between, the next run sends the documents again, and the server
// recognises them by their ids. The positions are also committed to the consumer group
// `<prefix>steamflow-elasticsearch`, for programs that monitor the lag; the store never reads them
// from there.
class ElasticsearchStore : public SinkStore {
 public:
  // Begins to connect to Kafka. `folder` has the files of the index templates that
  // elasticsearch-apply installs. `server` and `run` must outlive this object. Throws TaskError
  // (kUsage) if two topics would have the same indices.
  ElasticsearchStore(const RestServer& server, const std::string& index_prefix,
                     const std::string& folder, const DrainOptions& options, Run& run);
  ~ElasticsearchStore() override;

  std::string type() const override { return "elasticsearch"; }
  std::vector<std::optional<SinkPosition>> Positions(
      const std::vector<KafkaPartition>& partitions) override;
  std::vector<KafkaPartition> StoredPartitions(const std::vector<std::string>& topics) override;
  std::unique_ptr<SinkBatch> MakeBatch() override;

 private:
  class Batch;

  // Reads how an index differs from its template, after the server has refused a record.
  MappingDifference Compare(const BulkBody::Index& index);
  // Commits positions to the consumer group. Only a rejected login is an error.
  void TellGroup(const std::vector<KafkaPartition>& partitions,
                 const std::vector<std::int64_t>& offsets);

  std::map<std::string, std::string, std::less<>> aliases_;  // by topic, see AliasName
  const std::string index_prefix_;
  const std::string folder_;
  const bool accepts_refusals_;
  // The sender stores documents, the client does everything else. Both have their own connections.
  BulkSender sender_;
  RestClient client_;
  IndexGuard guard_;
  PositionIndex positions_;
  const std::string group_name_;
  KafkaReader group_;
  // False after the first failure, so that a run does not wait for the group again and again.
  bool group_listens_ = true;
  Log& log_;
};

}  // namespace steamflow
