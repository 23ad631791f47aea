#pragma once

#include <memory>
#include <string>

#include "kafka_config.h"
#include "record_output.h"

namespace steamflow {

// Records to Kafka. This does not wait: it starts to connect and to look for the topic, so that
// this runs beside the first HTTP requests; the first Write waits for it. A record that Kafka can
// never take (too large, not well formed) becomes a dead letter.
//
// Its functions throw TaskError: kConfig where a topic does not exist, or where Kafka refuses so
// many records that the fault is not theirs (RefusalFuse), kAuth where the brokers refuse the login
// or the topic, kTransient where they cannot be reached in time.
std::unique_ptr<RecordOutput> MakeKafkaOutput(Run& run, const KafkaProperties& properties,
                                              const std::string& topic,
                                              RecordOutput::OnDelivered on_delivered);

}  // namespace steamflow
