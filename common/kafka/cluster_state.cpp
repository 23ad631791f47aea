#include "cluster_state.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>

namespace steamflow {
namespace {

TopicState StateOf(const rd_kafka_metadata_topic_t& topic) {
  TopicState state;
  state.partitions = topic.partition_cnt;
  for (int i = 0; i < topic.partition_cnt; ++i) {
    const rd_kafka_metadata_partition_t& partition = topic.partitions[i];
    state.replication =
        i == 0 ? partition.replica_cnt : std::min(state.replication, partition.replica_cnt);
    state.in_sync = i == 0 ? partition.isr_cnt : std::min(state.in_sync, partition.isr_cnt);
    state.leaderless += partition.leader < 0 ? 1 : 0;
    if (partition.leader >= 0) state.led_by.emplace(partition.leader, partition.id);
    state.under_replicated += partition.isr_cnt < partition.replica_cnt ? 1 : 0;
  }
  return state;
}

}  // namespace

KafkaCluster ClusterOf(const rd_kafka_metadata_t& metadata) {
  KafkaCluster cluster;
  for (int i = 0; i < metadata.broker_cnt; ++i) {
    const rd_kafka_metadata_broker_t& broker = metadata.brokers[i];
    cluster.brokers.push_back(broker.id);
    cluster.addresses[broker.id] = fmt::format("{}:{}", broker.host, broker.port);
  }
  for (int i = 0; i < metadata.topic_cnt; ++i) {
    cluster.topics[metadata.topics[i].topic] = StateOf(metadata.topics[i]);
  }
  return cluster;
}

}  // namespace steamflow
