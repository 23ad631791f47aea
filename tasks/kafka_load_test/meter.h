#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "json_document.h"
#include "kafka_producer.h"
#include "latency_histogram.h"
#include "stop.h"

namespace steamflow {

// Measures a load test, from its first record to its last acknowledgement.
class LoadMeter {
 public:
  void Delivered(const KafkaDelivery& record, std::uint64_t bytes);
  void Refused() { ++refused_; }
  void Failed() { ++failed_; }

  std::uint64_t delivered() const { return latencies_.count(); }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t bytes() const { return bytes_; }  // the size of delivered keys and values

  Json Section() const;       // returns the section of the result
  static Json Schema();       // returns the schema of that section
  std::string Table() const;  // returns some lines for a person to read

 private:
  double Seconds() const;

  const Clock::time_point started_ = Clock::now();
  Clock::time_point ended_ = started_;
  LatencyHistogram latencies_;
  std::uint64_t bytes_ = 0;    // the size of delivered keys and values
  std::uint64_t refused_ = 0;  // records that were too large
  std::uint64_t failed_ = 0;
  std::vector<std::uint64_t> partitions_;  // how many records each partition got
  std::map<int, std::uint64_t> brokers_;   // how many records each broker acknowledged
};

}  // namespace steamflow
