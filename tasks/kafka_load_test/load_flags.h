#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "topics.h"

namespace steamflow {

class Flags;

// The flags of a load test.
struct LoadFlags {
  std::string topic = kLoadTestTopic;
  std::string from = kRecentGameTopic;  // the topic whose records are copied
  std::string file;                     // a file to copy records from; empty = from the topic
  std::size_t sample = 1000;            // how many records to copy
  std::uint64_t factor = 1000;          // how many copies of each to produce
  std::optional<double> rate;           // records a second; nullopt = as fast as Kafka takes them
  std::optional<std::uint64_t> broker_free_bytes;
  bool strict = false;

  void AddTo(const Flags& flags);
};

}  // namespace steamflow
