#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace steamflow {

// A Kafka topic as the topics file defines it. Pure: no I/O.
struct TopicSpec {
  std::string name;
  int partitions = 0;
  int replication = 0;
  std::map<std::string, std::string> config;  // topic configs, values as Kafka expects them
};

// Returns whether Kafka accepts the name for a topic: 1 to 249 of a-z A-Z 0-9 . _ -, but neither
// "." nor "..".
bool IsTopicName(std::string_view name);

// Parses {"<topic>": {"partitions": 6, "replication": 3, "config": {"retention.ms": 1000}}, ...};
// config is optional. Returns an error message for unknown settings, duplicate topics or settings,
// invalid names, numbers out of range, and min.insync.replicas above the replication.
tl::expected<std::vector<TopicSpec>, std::string> ParseTopics(std::string_view json);

// Returns the topic with its replication and min.insync.replicas lowered to at most `replicas`.
TopicSpec LowerReplication(TopicSpec spec, int replicas);

// The value of a topic config in a cluster.
struct ConfigValue {
  std::string value;
  bool is_override = false;  // set for this topic, not a default
};
using TopicConfig = std::map<std::string, ConfigValue>;

// A topic as it is in a cluster.
struct TopicState {
  int partitions = 0;
  int replication = 0;        // fewest replicas of any partition
  int in_sync = 0;            // fewest in-sync replicas of any partition
  int leaderless = 0;         // partitions without a leader
  int under_replicated = 0;   // partitions with a replica that is not in sync
  std::map<int, int> led_by;  // one partition that each broker leads, by the broker's ID
};

// A setting whose value in the cluster is not the one in the file.
struct Difference {
  std::string setting;  // "partitions", "replication" or the name of a config
  std::string held;
  std::string wanted;
  // False for a lower number of partitions and for another replication, which cannot be changed
  // while the topic exists.
  bool can_change = true;
};

// Returns the difference as text: "retention.ms is 1000, wanted 2000".
std::string Describe(const Difference& difference);

// Returns how a topic in a cluster of `brokers` brokers differs from the file. The cluster may have
// fewer brokers than the file wants replicas, permanently or for a while. Any replication from the
// smaller of these two numbers up to the one in the file is therefore accepted.
std::vector<Difference> Compare(const TopicSpec& spec, const TopicState& state,
                                const TopicConfig& config, int brokers);

}  // namespace steamflow
