#pragma once

#include <string>
#include <utility>
#include <vector>

#include "log.h"

namespace steamflow {

class Flags;

// librdkafka properties by name, each name once.
using KafkaProperties = std::vector<std::pair<std::string, std::string>>;

// The flags of a task that uses Kafka.
struct KafkaFlags {
  std::string conn_id = "kafka_default";
  std::string brokers;              // --brokers
  std::vector<std::string> config;  // --kafka-config name=value

  void AddTo(const Flags& flags);
  // Validates the flags for a run that does not use Kafka. Throws TaskError (kUsage) if one is
  // invalid.
  void Check() const;
};

// Reads the librdkafka properties from the Airflow Connection (properties in its extra; host and
// port become bootstrap.servers), from --brokers and from --kafka-config; a later source overrides
// an earlier one. librdkafka validates every property. Properties that would weaken the delivery
// guarantee (acks other than all, enable.idempotence=false) or suppress delivery reports are
// rejected. Registers secrets with `log`. Throws TaskError: kUsage if a flag is invalid, kConfig if
// the Connection is invalid or no broker is given.
KafkaProperties ReadKafkaProperties(const KafkaFlags& flags, Log& log);

}  // namespace steamflow
