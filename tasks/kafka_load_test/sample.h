#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka_config.h"
#include "load_flags.h"
#include "stop.h"

namespace steamflow {

// Real records that a load test copies.
struct LoadSample {
  struct Record {
    // nullopt if the record has no key, which is not the same as an empty key.
    std::optional<std::string> key;
    // The JSON text exactly as it was in Kafka or in the file.
    std::string value;

    // What the record adds to the limit of 16 MiB, and to the bytes that the meter reports.
    std::uint64_t size() const { return value.size() + (key ? key->size() : 0); }
  };
  // In the order of the topic or the file. The test produces them in this order, again and again.
  std::vector<Record> records;
  std::uint64_t bytes = 0;    // the size of keys and values
  std::string commonest_key;  // records without a key do not count, as they go to any partition
  double commonest_key_share = 0;  // its share of all records, 0 to 1
};

// Reads the first records of the topic or file that the flags name, at most 16 MiB. A file has the
// lines that a source writes with `--sink file:PATH`. Throws as TopicScan does, and TaskError:
// kUsage if the file cannot be read, kData if a line is not a record, kSkipped if there are no
// records.
LoadSample TakeSample(const LoadFlags& flags, const KafkaProperties& properties, const Stop& stop);

}  // namespace steamflow
