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

// Reads the committed messages of a topic, from the first that is not older than `since`, if given,
// to the end of the topic at the time of construction. Throws TaskError as KafkaReader does. `stop`
// must outlive this object.
class TopicScan {
 public:
  TopicScan(const KafkaProperties& properties, std::string topic, std::optional<Instant> since,
            const Stop& stop);

  // Returns an upper limit of the number of messages.
  std::uint64_t count() const;

  // Calls `each` for the messages, in the order of their offsets within a partition, until it
  // returns false. May be called only once. Throws TaskError (kTransient) if the deadline comes
  // first, and otherwise as KafkaReader does.
  using OnMessage = std::function<bool(std::int32_t partition, const KafkaMessage&)>;
  void Each(const OnMessage& each);

 private:
  const std::string topic_;
  const Stop& stop_;
  KafkaReader reader_;
  std::vector<KafkaPartition> partitions_;  // only those with something to read
  // Where to start and to stop in each of these partitions, set by the constructor.
  std::vector<std::int64_t> begins_;
  std::vector<std::int64_t> ends_;
};

}  // namespace steamflow
