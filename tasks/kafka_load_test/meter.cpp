#include "meter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "json_schema.h"

namespace steamflow {
namespace {

constexpr std::pair<const char*, double> kPercentiles[] = {
    {"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"p999", 0.999}};

double Milliseconds(std::chrono::microseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double Rounded(double value, int places) {
  const double scale = std::pow(10, places);
  return std::round(value * scale) / scale;
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

Json LoadMeter::Section() const {
  Json latency;
  for (const auto& [name, part] : kPercentiles) {
    latency[name] = Rounded(Milliseconds(latencies_.Percentile(part)), 2);
  }
  latency["max"] = Rounded(Milliseconds(latencies_.longest()), 2);
  Json brokers = Json::object();
  for (const auto& [broker, records] : brokers_) brokers[fmt::to_string(broker)] = records;
  const auto per_second = [&](std::uint64_t count) {
    return std::llround(static_cast<double>(count) / Seconds());
  };
  return {{"seconds", Rounded(Seconds(), 3)},
          {"records_per_second", per_second(delivered())},
          {"bytes_per_second", per_second(bytes_)},
          {"latency_ms", std::move(latency)},
          {"refused", refused_},
          {"failed", failed_},
          {"brokers", std::move(brokers)},
          {"partitions", partitions_}};
}

Json LoadMeter::Schema() {
  Json latency{{"max", schema::Number()}};
  for (const auto& [name, part] : kPercentiles) latency[name] = schema::Number();
  return schema::Object({{"seconds", schema::Number()},
                         {"records_per_second", schema::Count()},
                         {"bytes_per_second", schema::Count()},
                         {"latency_ms", schema::Object(latency)},
                         {"refused", schema::Count()},
                         {"failed", schema::Count()},
                         {"brokers", schema::MapOf(schema::Count())},
                         {"partitions", schema::ListOf(schema::Count())}});
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
