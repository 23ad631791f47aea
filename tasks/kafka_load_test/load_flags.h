#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "topics.h"

namespace steamflow {

class Flags;

// The flags of a load test.
struct LoadFlags {
  // A topic of its own, so that no sink reads the copies.
  std::string topic = kLoadTestTopic;
  std::string from = kRecentGameTopic;  // the topic whose records are copied
  std::string file;                     // a file to copy records from; empty = from the topic
  // The sample is kept in memory, at most 16 MiB of keys and values.
  std::size_t sample = 1000;    // how many records to copy
  std::uint64_t factor = 1000;  // how many copies of each to produce
  std::optional<double> rate;   // records a second; nullopt = as fast as Kafka takes them
  // librdkafka has no request for the free space on a broker, so the operator has to provide it.
  std::optional<std::uint64_t> broker_free_bytes;
  // Makes each danger that preflight.h finds an error (kConfig) instead of a warning.
  bool strict = false;

  // Adds the flags. Their defaults are the current values of the members.
  void AddTo(const Flags& flags);
};

}  // namespace steamflow
