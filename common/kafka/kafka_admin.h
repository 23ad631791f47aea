#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster_state.h"
#include "kafka_config.h"
#include "stop.h"
#include "task_error.h"
#include "topic_spec.h"

namespace steamflow {

// What a client may ask and change of a cluster, over librdkafka. Calls wait, but not past `until`
// or a signal. They throw TaskError: kAuth where the brokers refuse the login or the right,
// kTransient where they cannot be reached in time.
class KafkaAdmin {
 public:
  // Errors of single topics; a topic that is not in there has succeeded.
  using TopicErrors = std::map<std::string, TaskError>;

  // Begins to connect. `stop` must outlive this.
  KafkaAdmin(const KafkaProperties& properties, const Stop& stop, Clock::time_point until);
  ~KafkaAdmin();

  // Makes no topic, whatever the brokers do for others that ask.
  KafkaCluster Describe();

  // Whether the leader of a partition answers, at the address that it advertises. Waits 3 s at
  // most.
  bool HasLeader(const std::string& topic, int partition);

  // The configs of those topics that this broker knows, or any broker. Waits 3 s at most: a broker
  // may be listed for a while after its end.
  std::map<std::string, TopicConfig> DescribeConfigs(const std::vector<std::string>& topics,
                                                     std::optional<int> broker);

  // A topic that exists already is left alone, and no error.
  TopicErrors CreateTopics(const std::vector<TopicSpec>& topics);

  // Adds partitions up to the number given for each topic. A topic that has as many, or more, is
  // left alone, and no error.
  TopicErrors AddPartitions(const std::map<std::string, int>& partitions);

  // Replaces all overrides of each topic.
  TopicErrors AlterConfigs(
      const std::map<std::string, std::map<std::string, std::string>>& overrides);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
