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
  std::string file;                     // or the file; empty = the topic
  std::size_t sample = 1000;            // records
  std::uint64_t factor = 1000;          // copies of each
  std::optional<double> rate;           // records a second
  std::optional<std::uint64_t> broker_free_bytes;
  bool strict = false;

  void AddTo(const Flags& flags);
};

}  // namespace steamflow
