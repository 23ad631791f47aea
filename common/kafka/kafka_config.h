#pragma once

#include <string>
#include <utility>
#include <vector>

#include "log.h"

namespace steamflow {

class Flags;

using KafkaProperties = std::vector<std::pair<std::string, std::string>>;

// The flags of a task that talks to Kafka.
struct KafkaFlags {
  std::string conn_id = "kafka_default";
  std::string brokers;              // --brokers
  std::vector<std::string> config;  // --kafka-config name=value

  void AddTo(const Flags& flags);
  // Throws TaskError (kUsage) where a flag is invalid: for a run that does not talk to Kafka.
  void Check() const;
};

// librdkafka properties from the Airflow Connection (its extra holds them, host and port become
// bootstrap.servers), then --brokers, then --kafka-config; a later one replaces an earlier one.
// Every property is checked against librdkafka, and what would weaken the delivery promise (acks
// other than all, enable.idempotence=false) or keep delivery reports away is refused. Secrets are
// made known to `log`. Throws TaskError: kUsage for a flag, kConfig for the Connection, also where
// no broker is named.
KafkaProperties ReadKafkaProperties(const KafkaFlags& flags, Log& log);

}  // namespace steamflow
