#include "kafka_health.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace steamflow {
namespace {
constexpr std::chrono::seconds kLongest(10);
}

KafkaHealth::KafkaHealth(const KafkaProperties& properties, const std::vector<std::string>& topics,
                         const Stop& stop) {
  KafkaAdmin admin(properties, stop, std::min(Clock::now() + kLongest, stop.work_until()));
  cluster_ = admin.Describe();
  std::vector<std::string> degraded;
  for (const std::string& topic : topics) {
    const auto found = cluster_.topics.find(topic);
    if (found != cluster_.topics.end() && found->second.under_replicated > 0) {
      degraded.push_back(topic);
    }
  }
  std::set<int> asked;
  for (const std::string& topic : topics) {
    const auto found = cluster_.topics.find(topic);
    if (found == cluster_.topics.end()) continue;
    for (const auto& [broker, partition] : found->second.led_by) {
      if (asked.insert(broker).second && !admin.HasLeader(topic, partition)) silent_.insert(broker);
    }
  }
  if (!degraded.empty()) configs_ = admin.DescribeConfigs(degraded, std::nullopt);
}

std::string KafkaHealth::CheckBrokers() const {
  const std::string count = fmt::format("brokers: {}", cluster_.brokers.size());
  if (silent_.empty()) return count;
  std::string text = count + "; no response from";
  for (const int broker : silent_) {
    const auto address = cluster_.addresses.find(broker);
    text += fmt::format(" {} at {}", broker,
                        address == cluster_.addresses.end() ? "?" : address->second);
  }
  throw TaskError(ExitCode::kTransient,
                  text +
                      ", which advertises this address: start it, or correct its "
                      "advertised.listeners");
}

std::string KafkaHealth::CheckTopic(const std::string& name) const {
  const auto found = cluster_.topics.find(name);
  if (found == cluster_.topics.end()) {
    throw TaskError(ExitCode::kConfig,
                    "it does not exist, or is hidden from this login (kafka-create-topics creates "
                    "it)");
  }
  const TopicState& topic = found->second;
  std::string text =
      fmt::format("partitions: {}, replicas: {}", topic.partitions, topic.replication);
  if (topic.leaderless > 0) {
    throw TaskError(ExitCode::kTransient, fmt::format("{}; without a leader: {}, because "
                                                      "brokers are down",
                                                      text, topic.leaderless));
  }
  for (const auto& [broker, partition] : topic.led_by) {
    if (!silent_.contains(broker)) continue;
    throw TaskError(ExitCode::kTransient,
                    fmt::format("{}; broker {}, which leads partition {}, does not answer", text,
                                broker, partition));
  }
  if (topic.under_replicated == 0) return text;
  text +=
      fmt::format("; lacking replicas: {}, with {} in sync", topic.under_replicated, topic.in_sync);
  const auto configs = configs_.find(name);
  if (configs == configs_.end()) {
    throw TaskError(ExitCode::kTransient, text + "; a broker does not know it, or no longer does");
  }
  const std::string& needed = configs->second.at("min.insync.replicas").value;
  if (topic.in_sync < std::stoi(needed)) {
    throw TaskError(ExitCode::kTransient,
                    fmt::format("{}, and records need {}: brokers are down", text, needed));
  }
  return text;
}

}  // namespace steamflow
