#pragma once

#include <map>
#include <string>
#include <vector>

#include "topic_spec.h"

struct rd_kafka_metadata;

namespace steamflow {

// The running brokers of a cluster and its topics.
struct KafkaCluster {
  std::vector<int> brokers;              // IDs of the brokers that run
  std::map<int, std::string> addresses;  // by ID, as each broker advertises it
  // By name. Topics that the login may not see are missing.
  std::map<std::string, TopicState> topics;
};

// Converts librdkafka's metadata. Only the .cpp file that requests the metadata uses it.
KafkaCluster ClusterOf(const struct rd_kafka_metadata& metadata);

}  // namespace steamflow
