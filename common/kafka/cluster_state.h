#pragma once

#include <map>
#include <string>
#include <vector>

#include "topic_spec.h"

struct rd_kafka_metadata;

namespace steamflow {

struct KafkaCluster {
  std::vector<int> brokers;              // their ids, of those that run
  std::map<int, std::string> addresses;  // of them, as they say themselves
  std::map<std::string, TopicState> topics;
};

// What librdkafka's metadata says, for the .cpp file that asked for it.
KafkaCluster ClusterOf(const struct rd_kafka_metadata& metadata);

}  // namespace steamflow
