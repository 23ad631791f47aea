#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kafka_admin.h"
#include "stop.h"
#include "topic_spec.h"

namespace steamflow {

// Topics as each broker of a cluster knows them at one time.
class TopicSurvey {
 public:
  // A broker that does not answer knows no topic. Throws as KafkaAdmin does.
  TopicSurvey(KafkaAdmin& admin, const std::vector<TopicSpec>& specs);

  int brokers() const { return static_cast<int>(cluster_.brokers.size()); }
  bool Has(const std::string& topic) const { return cluster_.topics.count(topic) > 0; }
  const TopicState& State(const std::string& topic) const { return cluster_.topics.at(topic); }

  // Known to every broker, and each partition has a leader.
  bool IsReady(const std::string& topic) const;

  // Of a topic that is ready, as the broker that lags most has it.
  std::vector<Difference> Differences(const TopicSpec& spec) const;

  // The overrides that a topic is to have: those of the spec, and what it has beside them.
  std::map<std::string, std::string> Overrides(const TopicSpec& spec) const;

 private:
  KafkaCluster cluster_;
  std::vector<std::map<std::string, TopicConfig>> configs_;  // of each broker
};

bool CanChangeAny(const std::vector<Difference>& differences);

// Looks until `least` brokers run, and returns what the cluster is then. Throws TaskError:
// kTransient where they do not before the end of the work.
KafkaCluster AwaitBrokers(KafkaAdmin& admin, int least, const Stop& stop);

// Looks until `is_done` holds for each of the topics. Throws TaskError: kTransient where it does
// not before the end of the work.
TopicSurvey AwaitTopics(
    KafkaAdmin& admin, const std::vector<TopicSpec>& specs, const Stop& stop,
    const std::function<bool(const TopicSurvey& survey, const TopicSpec& spec)>& is_done);

}  // namespace steamflow
