#include "meter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "json.h"

namespace steamflow {
namespace {

constexpr std::pair<const char*, double> kPercentiles[] = {
    {"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"p999", 0.999}};

double Milliseconds(std::chrono::microseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

void LoadMeter::Delivered(const KafkaDelivery& record, std::uint64_t bytes) {
  ended_ = Clock::now();
  bytes_ += bytes;
  latencies_.Add(record.latency());
  const auto partition = static_cast<std::size_t>(record.partition());
  if (partition >= partitions_.size()) partitions_.resize(partition + 1);
  ++partitions_[partition];
  ++brokers_[record.broker()];
}

double LoadMeter::Seconds() const {
  return std::max(std::chrono::duration<double>(ended_ - started_).count(), 1e-6);
}

std::string LoadMeter::Section() const {
  JsonObject latency;
  for (const auto& [name, part] : kPercentiles) {
    latency.AddRaw(name, fmt::format("{:.2f}", Milliseconds(latencies_.Percentile(part))));
  }
  latency.AddRaw("max", fmt::format("{:.2f}", Milliseconds(latencies_.longest())));
  JsonObject brokers;
  for (const auto& [broker, records] : brokers_) brokers.Add(fmt::to_string(broker), records);
  JsonObject json;
  json.AddRaw("seconds", fmt::format("{:.3f}", Seconds()))
      .AddRaw("records_per_second",
              fmt::format("{:.0f}", static_cast<double>(delivered()) / Seconds()))
      .AddRaw("bytes_per_second", fmt::format("{:.0f}", static_cast<double>(bytes_) / Seconds()))
      .AddRaw("latency_ms", latency.Take())
      .Add("refused", refused_)
      .Add("failed", failed_)
      .AddRaw("brokers", brokers.Take())
      .AddRaw("partitions", fmt::format("[{}]", fmt::join(partitions_, ",")));
  return json.Take();
}

std::string LoadMeter::Table() const {
  std::string table = fmt::format(
      "records    {:>14}  {:>14.0f} a second\nbytes      {:>14}  {:>14.0f} a second\nrefused    "
      "{:>14}\nfailed     {:>14}\n",
      delivered(), static_cast<double>(delivered()) / Seconds(), bytes_,
      static_cast<double>(bytes_) / Seconds(), refused_, failed_);
  for (const auto& [name, part] : kPercentiles) {
    table += fmt::format("{:<9}  {:>14.2f}  ms\n", name, Milliseconds(latencies_.Percentile(part)));
  }
  table += fmt::format("{:<9}  {:>14.2f}  ms\n", "longest", Milliseconds(latencies_.longest()));
  const auto line = [&](const std::string& name, std::uint64_t records) {
    const double share = static_cast<double>(records) / static_cast<double>(delivered());
    table += fmt::format("{:<13}  {:>10}  {:>5.1f}%  {}\n", name, records, 100 * share,
                         std::string(static_cast<std::size_t>(40 * share), '#'));
  };
  for (const auto& [broker, records] : brokers_) line(fmt::format("broker {}", broker), records);
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    line(fmt::format("partition {}", i), partitions_[i]);
  }
  return table;
}

}  // namespace steamflow
