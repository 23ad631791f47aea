#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "topic_spec.h"

namespace steamflow {

// A load test as planned, and where it is to go. Pure: no I/O.
struct LoadPlan {
  std::string topic;
  TopicState state;
  TopicConfig config;  // of the topic, defaults included
  int brokers = 0;
  std::uint64_t bytes = 0;  // that it will produce
  std::string commonest_key;
  double commonest_key_share = 0;                  // of the records, 0 to 1
  std::optional<std::uint64_t> broker_free_bytes;  // of the broker that has the least
};

// What the plan would write to the broker that gets most, replicas included. Kafka deletes old
// segments only every five minutes (log.retention.check.interval.ms), so all of it counts.
std::uint64_t BytesOnABroker(const LoadPlan& plan);

// Why the topic, or the brokers, would not survive it: a sentence each.
std::vector<std::string> Dangers(const LoadPlan& plan);

}  // namespace steamflow
