#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kafka_config.h"
#include "kafka_partition.h"

// Owners of librdkafka's handles and how they are made, for the .cpp files that use it.

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

struct KafkaDeleter {
  // Waits a moment for librdkafka's own shutdown, which goes on by itself where that is not enough.
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

// A configuration with `properties` on top of `defaults`, whose log goes nowhere: librdkafka would
// write to stderr, and what matters comes through errors. Throws TaskError (kConfig).
KafkaConf MakeKafkaConf(const KafkaProperties& defaults, const KafkaProperties& properties);

// A client of that configuration. Throw TaskError (kConfig).
KafkaHandle MakeKafkaProducer(KafkaConf conf);
KafkaHandle MakeKafkaConsumer(KafkaConf conf);

// Partitions as librdkafka takes them. `offsets`: one each, or one for all.
KafkaPartitionList MakeKafkaPartitionList(const std::vector<KafkaPartition>& partitions,
                                          const std::vector<std::int64_t>& offsets);

}  // namespace steamflow
