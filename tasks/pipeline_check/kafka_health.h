#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kafka_admin.h"

namespace steamflow {

// Finds out whether the topics of a cluster would accept records, at one moment.
class KafkaHealth {
 public:
  // Asks the cluster, which takes at most 10 s. Throws as KafkaAdmin does.
  KafkaHealth(const KafkaProperties& properties, const std::vector<std::string>& topics,
              const Stop& stop);

  // Returns how many brokers there are, as text. Throws TaskError (kTransient) if a broker that
  // leads a partition does not answer at the address that it advertises.
  std::string CheckBrokers() const;

  // Returns the number of partitions and replicas of a topic, and what is missing, as text. Throws
  // TaskError: kConfig if the topic does not exist, kTransient if it cannot accept records because
  // brokers are down or cannot be reached.
  std::string CheckTopic(const std::string& name) const;

 private:
  // All requests are made by the constructor, so that every check describes the same moment.
  KafkaCluster cluster_;
  std::set<int> silent_;                        // brokers that lead a partition and do not answer
  std::map<std::string, TopicConfig> configs_;  // the configs of topics that lack replicas
};

}  // namespace steamflow
