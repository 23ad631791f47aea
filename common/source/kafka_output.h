#pragma once

#include <memory>
#include <string>

#include "kafka_config.h"
#include "record_output.h"

namespace steamflow {

// Records to Kafka. This does not wait: it starts to connect and to look for the topic, so that
// this runs beside the first HTTP requests; the first Write waits for it. A record that Kafka can
// never take (too large, refused) becomes a dead letter.
//
// Write and Drain throw TaskError: kConfig where a topic does not exist, kAuth where the brokers
// refuse the login or the topic, kTransient where they cannot be reached in time.
std::unique_ptr<RecordOutput> MakeKafkaOutput(Run& run, const KafkaProperties& properties,
                                              const std::string& topic,
                                              RecordOutput::OnDelivered on_delivered);

}  // namespace steamflow
