#include "topic_survey.h"

#include <fmt/format.h>

#include <algorithm>

namespace steamflow {
namespace {
constexpr std::chrono::milliseconds kPollInterval(50);
}

TopicSurvey::TopicSurvey(KafkaAdmin& admin, const std::vector<TopicSpec>& specs)
    : cluster_(admin.Describe()) {
  std::vector<std::string> names;
  for (const TopicSpec& spec : specs) names.push_back(spec.name);
  for (const int broker : cluster_.brokers) {
    try {
      configs_.push_back(admin.DescribeConfigs(names, broker));
    } catch (const TaskError& error) {
      // The broker may have stopped just now; then the next survey will not list it.
      if (error.code() != ExitCode::kTransient) throw;
      configs_.emplace_back();
    }
  }
}

bool TopicSurvey::IsReady(const std::string& topic) const {
  return Has(topic) && State(topic).partitions > 0 && State(topic).leaderless == 0 &&
         std::all_of(configs_.begin(), configs_.end(),
                     [&](const auto& configs) { return configs.count(topic) > 0; });
}

std::vector<Difference> TopicSurvey::Differences(const TopicSpec& spec) const {
  std::vector<Difference> most;
  for (const auto& configs : configs_) {
    auto found = Compare(spec, State(spec.name), configs.at(spec.name), brokers());
    if (found.size() > most.size()) most = std::move(found);
  }
  return most;
}

std::map<std::string, std::string> TopicSurvey::Overrides(const TopicSpec& spec) const {
  auto overrides = LowerReplication(spec, State(spec.name).replication).config;
  for (const auto& [name, held] : configs_.back().at(spec.name)) {
    if (held.is_override) overrides.emplace(name, held.value);
  }
  return overrides;
}

bool CanChangeAny(const std::vector<Difference>& differences) {
  return std::any_of(differences.begin(), differences.end(),
                     [](const Difference& difference) { return difference.can_change; });
}

KafkaCluster AwaitBrokers(KafkaAdmin& admin, int least, const Stop& stop) {
  KafkaCluster cluster = admin.Describe();
  while (static_cast<int>(cluster.brokers.size()) < least) {
    const TaskError too_few(ExitCode::kTransient, fmt::format("running brokers: {}, wanted: {}",
                                                              cluster.brokers.size(), least));
    stop.ThrowIfSignalled();
    if (stop.Requested()) throw too_few;
    stop.WaitFor(kPollInterval);
    try {
      cluster = admin.Describe();
    } catch (const TaskError& error) {
      stop.ThrowIfSignalled();
      if (error.code() == ExitCode::kTransient) throw too_few;  // the run's time is up
      throw;
    }
  }
  return cluster;
}

TopicSurvey AwaitTopics(
    KafkaAdmin& admin, const std::vector<TopicSpec>& specs, const Stop& stop,
    const std::function<bool(const TopicSurvey& survey, const TopicSpec& spec)>& is_done) {
  for (;;) {
    TopicSurvey survey(admin, specs);
    const auto waiting = std::find_if_not(
        specs.begin(), specs.end(), [&](const TopicSpec& spec) { return is_done(survey, spec); });
    if (waiting == specs.end()) return survey;
    stop.ThrowIfSignalled();
    if (stop.Requested()) {
      throw TaskError(
          ExitCode::kTransient,
          fmt::format("topic {}: a broker does not know its new state yet, or one of its "
                      "partitions has no leader",
                      waiting->name));
    }
    stop.WaitFor(kPollInterval);
  }
}

}  // namespace steamflow
