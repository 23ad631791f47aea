#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kafka_admin.h"
#include "stop.h"
#include "topic_spec.h"

namespace steamflow {

// The state of topics, as each broker of a cluster knows them at one moment.
class TopicSurvey {
 public:
  // Asks every broker. A broker that does not answer counts as one that knows no topic. Throws as
  // KafkaAdmin does.
  TopicSurvey(KafkaAdmin& admin, const std::vector<TopicSpec>& specs);

  // The number of brokers that run. The cluster may have more.
  int brokers() const { return static_cast<int>(cluster_.brokers.size()); }
  bool Has(const std::string& topic) const { return cluster_.topics.count(topic) > 0; }
  // The topic must exist.
  const TopicState& State(const std::string& topic) const { return cluster_.topics.at(topic); }

  // Returns whether every broker knows the topic and each of its partitions has a leader.
  bool IsReady(const std::string& topic) const;

  // Returns how a topic differs from `spec`, according to the broker whose knowledge is the oldest.
  // The topic must be ready.
  std::vector<Difference> Differences(const TopicSpec& spec) const;

  // Returns the config overrides that a topic should have: those of the spec, and the topic's
  // others.
  std::map<std::string, std::string> Overrides(const TopicSpec& spec) const;

 private:
  // As one of the brokers describes it.
  KafkaCluster cluster_;
  std::vector<std::map<std::string, TopicConfig>> configs_;  // by topic, as each broker has them
};

// Returns whether --apply could correct at least one of the differences.
bool CanChangeAny(const std::vector<Difference>& differences);

// Waits until at least `least` brokers run, and returns the state of the cluster then. Throws
// TaskError: kTransient if they do not run before the run's time is up.
KafkaCluster AwaitBrokers(KafkaAdmin& admin, int least, const Stop& stop);

// Surveys the topics until `is_done` is true for each of them, and returns that survey. Throws
// TaskError: kTransient if this does not happen before the run's time is up.
TopicSurvey AwaitTopics(
    KafkaAdmin& admin, const std::vector<TopicSpec>& specs, const Stop& stop,
    const std::function<bool(const TopicSurvey& survey, const TopicSpec& spec)>& is_done);

}  // namespace steamflow
