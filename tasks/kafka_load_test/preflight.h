#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "topic_spec.h"

namespace steamflow {

// A planned load test, and the cluster that it will run against. The functions here do no I/O.
struct LoadPlan {
  std::string topic;
  // The partitions and replicas of the topic before the test.
  TopicState state;
  TopicConfig config;  // the topic's config, with the defaults
  int brokers = 0;
  // Includes the headers and the framing of each record, but not the replicas.
  std::uint64_t bytes = 0;  // the size of everything that the test will produce
  // All records with one key go to the same partition. If one key has most of the records, the test
  // measures that partition and not the cluster.
  std::string commonest_key;
  double commonest_key_share = 0;                  // its share of the records, 0 to 1
  std::optional<std::uint64_t> broker_free_bytes;  // the space on the broker that has the least
};

// Returns how many bytes the test would write to the broker that gets the most, replicas included.
// All of them count, because Kafka deletes old segments only every five minutes
// (log.retention.check.interval.ms).
std::uint64_t BytesOnABroker(const LoadPlan& plan);

// Returns the reasons why the test may harm the topic or the brokers, a sentence each.
std::vector<std::string> Dangers(const LoadPlan& plan);

}  // namespace steamflow
