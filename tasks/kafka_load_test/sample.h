#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka_config.h"
#include "load_flags.h"
#include "stop.h"

namespace steamflow {

// Real records, of which a load test produces copies.
struct LoadSample {
  struct Record {
    std::optional<std::string> key;
    std::string value;

    std::uint64_t size() const { return value.size() + (key ? key->size() : 0); }
  };
  std::vector<Record> records;
  std::uint64_t bytes = 0;         // of keys and values
  std::string commonest_key;       // and its part of the records, 0 to 1
  double commonest_key_share = 0;  // records without a key go anywhere, and have none
};

// The first records of the topic or the file that the flags name, at most 16 MiB. A file has lines
// as `--sink file:PATH` of a source makes them. Throws as TopicScan does, and TaskError: kUsage
// where the file cannot be read, kData for a line that is no record, kSkipped where there are no
// records.
LoadSample TakeSample(const LoadFlags& flags, const KafkaProperties& properties, const Stop& stop);

}  // namespace steamflow
