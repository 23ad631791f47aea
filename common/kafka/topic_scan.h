#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kafka_config.h"
#include "kafka_reader.h"
#include "stop.h"
#include "timestamp.h"

namespace steamflow {

// The committed messages of a topic, from the first that is not older than `since`, where given, up
// to the end as seen when this is made. Throws TaskError as KafkaReader does. `stop` must outlive
// this.
class TopicScan {
 public:
  TopicScan(const KafkaProperties& properties, std::string topic, std::optional<Instant> since,
            const Stop& stop);

  // How many there are, at most.
  std::uint64_t count() const;

  // Calls `each` with them, those of one partition in their order, until it returns false. Once
  // only. Throws TaskError too: kTransient where the deadline comes first.
  using OnMessage = std::function<bool(std::int32_t partition, const KafkaMessage&)>;
  void Each(const OnMessage& each);

 private:
  const std::string topic_;
  const Stop& stop_;
  KafkaReader reader_;
  std::vector<KafkaPartition> partitions_;  // those with something to read
  std::vector<std::int64_t> begins_;
  std::vector<std::int64_t> ends_;
};

}  // namespace steamflow
