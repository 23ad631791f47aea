#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kafka_admin.h"

namespace steamflow {

// Whether the topics of a cluster would take records, as seen at one time.
class KafkaHealth {
 public:
  // Asks the cluster, for 10 s at most. Throws as KafkaAdmin does.
  KafkaHealth(const KafkaProperties& properties, const std::vector<std::string>& topics,
              const Stop& stop);

  // How many brokers there are. Throws TaskError (kTransient) where one that leads a partition does
  // not answer at the address that it advertises.
  std::string CheckBrokers() const;

  // The topic's size and what it lacks. Throws TaskError: kConfig where it does not exist,
  // kTransient where it takes no records as brokers are down or out of reach.
  std::string CheckTopic(const std::string& name) const;

 private:
  KafkaCluster cluster_;
  std::set<int> silent_;                        // leaders that do not answer
  std::map<std::string, TopicConfig> configs_;  // of topics that lack replicas
};

}  // namespace steamflow
