#include "preflight.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "parse_number.h"

namespace steamflow {
namespace {

constexpr double kLargestKeyShare = 0.5;

// Formats a size to the byte, as --broker-free-bytes takes it, so that two sizes that differ never
// look alike.
std::string Bytes(double bytes) {
  return fmt::format("{:.0f} bytes", bytes);
}

// Returns a number from the topic's config, or -1, Kafka's value for no limit, if it is missing.
std::int64_t Number(const TopicConfig& config, const std::string& name) {
  const auto found = config.find(name);
  if (found == config.end()) return -1;
  return ParseNumber<std::int64_t>(found->second.value).value_or(-1);
}

// Returns how many partitions, replicas included, each broker holds if they are spread evenly.
double PartitionsOnABroker(const LoadPlan& plan) {
  return std::ceil(static_cast<double>(plan.state.partitions * plan.state.replication) /
                   std::max(plan.brokers, 1));
}

// Returns the size in bytes that the topic's limits let a partition grow to, or nullopt if they do
// not limit it. The active segment counts in addition, because Kafka never deletes it.
std::optional<double> LargestPartition(const TopicConfig& config) {
  const std::int64_t most = Number(config, "retention.bytes");
  const auto policy = config.find("cleanup.policy");
  const bool deletes =
      policy == config.end() || policy->second.value.find("delete") != std::string::npos;
  if (!deletes || most < 0) return std::nullopt;
  return static_cast<double>(most) + static_cast<double>(Number(config, "segment.bytes"));
}

}  // namespace

// Assumes that the broker holds the partition that gets the commonest key.
std::uint64_t BytesOnABroker(const LoadPlan& plan) {
  const double partitions = std::max(plan.state.partitions, 1);
  const double largest = std::max(plan.commonest_key_share, 1 / partitions);
  const double other = partitions > 1 ? (1 - largest) / (partitions - 1) : 0;
  const double share = std::min(largest + (PartitionsOnABroker(plan) - 1) * other, 1.0);
  return static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(plan.bytes)));
}

std::vector<std::string> Dangers(const LoadPlan& plan) {
  std::vector<std::string> dangers;
  if (plan.state.partitions < plan.brokers) {
    dangers.push_back(
        fmt::format("{} has {} partitions for {} brokers: some brokers get all of the load",
                    plan.topic, plan.state.partitions, plan.brokers));
  }
  if (plan.commonest_key_share > kLargestKeyShare) {
    dangers.push_back(
        fmt::format("the key '{}' has {:.0f}% of the records: one partition gets them",
                    plan.commonest_key, 100 * plan.commonest_key_share));
  }
  const auto largest = LargestPartition(plan.config);
  if (!largest) {
    dangers.push_back(
        fmt::format("{} has no limit (retention.bytes, cleanup.policy) that keeps it from "
                    "filling the brokers' disks",
                    plan.topic));
  }
  if (!plan.broker_free_bytes) return dangers;
  const auto free = static_cast<double>(*plan.broker_free_bytes);
  const auto written = static_cast<double>(BytesOnABroker(plan));
  const double allowed = largest.value_or(0) * PartitionsOnABroker(plan);
  if (written > free) {
    dangers.push_back(fmt::format("the test would write {} to a broker that has {} free",
                                  Bytes(written), Bytes(free)));
  } else if (allowed > free) {
    dangers.push_back(fmt::format("the limits of {} let it grow to {} on a broker that has {} free",
                                  plan.topic, Bytes(allowed), Bytes(free)));
  }
  return dangers;
}

}  // namespace steamflow
