#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kafka_config.h"
#include "kafka_partition.h"

// Owners and factories of librdkafka's handles. Only .cpp files that use librdkafka include this.

struct rd_kafka_s;
struct rd_kafka_topic_s;
struct rd_kafka_conf_s;
struct rd_kafka_topic_partition_list_s;
extern "C" {
void rd_kafka_topic_destroy(rd_kafka_topic_s*);
void rd_kafka_conf_destroy(rd_kafka_conf_s*);
void rd_kafka_topic_partition_list_destroy(rd_kafka_topic_partition_list_s*);
}

namespace steamflow {

// Deletes librdkafka's handles.
struct KafkaDeleter {
  // Waits at most 500 ms for librdkafka's shutdown, which continues in the background if it takes
  // longer.
  void operator()(rd_kafka_s* handle) const;
  void operator()(rd_kafka_topic_s* handle) const { rd_kafka_topic_destroy(handle); }
  void operator()(rd_kafka_conf_s* handle) const { rd_kafka_conf_destroy(handle); }
  void operator()(rd_kafka_topic_partition_list_s* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};

using KafkaHandle = std::unique_ptr<rd_kafka_s, KafkaDeleter>;
using KafkaTopic = std::unique_ptr<rd_kafka_topic_s, KafkaDeleter>;
using KafkaConf = std::unique_ptr<rd_kafka_conf_s, KafkaDeleter>;
using KafkaPartitionList = std::unique_ptr<rd_kafka_topic_partition_list_s, KafkaDeleter>;

// Creates a configuration of `defaults`, overridden by `properties`. librdkafka's log is discarded:
// it would go to stderr, and everything that matters is reported through errors. Throws TaskError
// (kConfig) if a property is invalid.
KafkaConf MakeKafkaConf(const KafkaProperties& defaults, const KafkaProperties& properties);

// Create a client with that configuration. Throw TaskError: kConfig if the configuration is
// invalid, kTransient if the system is short of resources.
KafkaHandle MakeKafkaProducer(KafkaConf conf);
KafkaHandle MakeKafkaConsumer(KafkaConf conf);

// Converts partitions for librdkafka. `offsets` has one element per partition, or one for all of
// them.
KafkaPartitionList MakeKafkaPartitionList(const std::vector<KafkaPartition>& partitions,
                                          const std::vector<std::int64_t>& offsets);

}  // namespace steamflow
