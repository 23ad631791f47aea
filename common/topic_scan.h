#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "kafka_config.h"
#include "kafka_reader.h"
#include "stop.h"
#include "timestamp.h"

namespace steamflow {

// Calls `each` with the committed messages of a topic, those of one partition in their order, up to
// the end as seen at the start or until it returns false. Begins with the first message that is not
// older than `since`, where given. Throws TaskError as KafkaReader does, and kTransient where the
// deadline comes first.
void ScanTopic(const KafkaProperties& properties, const std::string& topic,
               std::optional<Instant> since, const Stop& stop,
               const std::function<bool(std::int32_t partition, const KafkaMessage&)>& each);

// How many messages that call would have now, at most.
std::uint64_t CountMessages(const KafkaProperties& properties, const std::string& topic,
                            std::optional<Instant> since, const Stop& stop);

}  // namespace steamflow
