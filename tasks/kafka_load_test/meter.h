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
  // The next three are callbacks of the producer. Exactly one of them is called for each record,
  // and always on the thread that polls the producer.
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
  // Returns the time from the start to the last acknowledgement. It is never 0, because rates are
  // divided by it.
  double Seconds() const;

  const Clock::time_point started_ = Clock::now();
  // Only acknowledgements move it, so that the time in which the run ends does not lower the rates.
  Clock::time_point ended_ = started_;
  // From Produce() to the acknowledgement. This includes the time in the producer's queue, which
  // grows if the test produces faster than Kafka accepts.
  LatencyHistogram latencies_;
  std::uint64_t bytes_ = 0;    // the size of delivered keys and values
  std::uint64_t refused_ = 0;  // records that were too large
  std::uint64_t failed_ = 0;
  // Both show whether the load was spread evenly.
  std::vector<std::uint64_t> partitions_;  // how many records each partition got
  std::map<int, std::uint64_t> brokers_;   // how many records each broker acknowledged
};

}  // namespace steamflow
