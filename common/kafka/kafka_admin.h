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

// The administrative requests to a cluster, over librdkafka. Calls block until there is a response,
// but not past `until` or a signal. They throw TaskError: kAuth if the brokers reject the login or
// deny permission, kTransient if the brokers cannot be reached in time, and the code of a signal.
class KafkaAdmin {
 public:
  // Errors by topic. A topic that is missing here was changed successfully.
  using TopicErrors = std::map<std::string, TaskError>;

  // Starts to connect. `stop` must outlive this object.
  KafkaAdmin(const KafkaProperties& properties, const Stop& stop, Clock::time_point until);
  ~KafkaAdmin();

  // Returns the brokers and topics of the cluster. It creates no topic, even if the brokers create
  // topics that clients ask for.
  KafkaCluster Describe();

  // Returns whether the leader of a partition responds at the address that it advertises. Waits at
  // most 3 s.
  bool HasLeader(const std::string& topic, int partition);

  // Returns the configs of those of the topics that exist, as known to the given broker or to any
  // broker. Waits at most 3 s, because a broker may be listed for a while after it has stopped.
  std::map<std::string, TopicConfig> DescribeConfigs(const std::vector<std::string>& topics,
                                                     std::optional<int> broker);

  // Creates topics. A topic that exists already is left as it is, which is not an error.
  TopicErrors CreateTopics(const std::vector<TopicSpec>& topics);

  // Raises the number of partitions of each topic to the given number. A topic that has at least as
  // many is left as it is, which is not an error.
  TopicErrors AddPartitions(const std::map<std::string, int>& partitions);

  // Replaces all config overrides of each topic.
  TopicErrors AlterConfigs(
      const std::map<std::string, std::map<std::string, std::string>>& overrides);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
