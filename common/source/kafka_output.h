#pragma once

#include <memory>
#include <string>

#include "kafka_config.h"
#include "record_output.h"

namespace steamflow {

// Makes the output that produces records to Kafka. This function does not wait: it only starts to
// connect and to look up the topic, so that both happen during the first HTTP requests. The first
// Write waits for them. A record that Kafka can never take (too large, malformed) becomes a dead
// letter, which the output holds back until SendDeadLetters.
//
// The functions of the output throw TaskError: kConfig if a topic does not exist, or if Kafka
// refuses so many records that the records cannot be the cause (RefusalFuse); kAuth if the brokers
// refuse the login or access to the topic; kTransient if they cannot be reached in time. `run` must
// outlive the output.
std::unique_ptr<RecordOutput> MakeKafkaOutput(Run& run, const KafkaProperties& properties,
                                              const std::string& topic,
                                              RecordOutput::OnDelivered on_delivered);

}  // namespace steamflow
