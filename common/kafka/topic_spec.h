#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace steamflow {

// A Kafka topic as the topics file wants it. Pure: no I/O.
struct TopicSpec {
  std::string name;
  int partitions = 0;
  int replication = 0;
  std::map<std::string, std::string> config;  // Kafka's topic configs, values as Kafka takes them
};

// Whether Kafka takes the name for a topic: 1 to 249 of a-z A-Z 0-9 . _ -, and not . or ..
bool IsTopicName(std::string_view name);

// Parses {"<topic>": {"partitions": 6, "replication": 3, "config": {"retention.ms": 1000}}, ...};
// config may be absent. Errors: a sentence, for anything else in there, a topic or setting that
// stands twice, a name that Kafka takes from no topic, numbers out of range, and
// min.insync.replicas above the replication.
tl::expected<std::vector<TopicSpec>, std::string> ParseTopics(std::string_view json);

// The topic with no more replicas, in all and in sync, than `replicas`.
TopicSpec LowerReplication(TopicSpec spec, int replicas);

struct ConfigValue {
  std::string value;
  bool is_override = false;  // set for this topic, rather than a default
};
using TopicConfig = std::map<std::string, ConfigValue>;

// A topic as a cluster has it.
struct TopicState {
  int partitions = 0;
  int replication = 0;        // of the partition with the fewest replicas
  int in_sync = 0;            // replicas of the partition with the fewest in sync
  int leaderless = 0;         // partitions
  int under_replicated = 0;   // partitions with a replica that is not in sync
  std::map<int, int> led_by;  // a broker's id -> one of the partitions that it leads
};

// A setting that is not as the file wants it.
struct Difference {
  std::string setting;  // "partitions", "replication" or a config
  std::string held;
  std::string wanted;
  bool can_change = true;  // a running topic allows no fewer partitions and no other replication
};

// "retention.ms is 1000, wanted 2000"
std::string Describe(const Difference& difference);

// How a topic of a cluster of `brokers` differs from the file. The cluster may have fewer brokers
// than the file wants replicas, for good or for a while: any replication that is enough for the one
// and not more than the other is as wanted.
std::vector<Difference> Compare(const TopicSpec& spec, const TopicState& state,
                                const TopicConfig& config, int brokers);

}  // namespace steamflow
