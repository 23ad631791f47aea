#include "kafka_delivery.h"

#include <librdkafka/rdkafka.h>

namespace steamflow {
namespace {

const rd_kafka_message_t& Raw(const void* message) {
  return *static_cast<const rd_kafka_message_t*>(message);
}

}  // namespace

int KafkaDelivery::partition() const {
  return Raw(message_).partition;
}
int KafkaDelivery::broker() const {
  return rd_kafka_message_broker_id(&Raw(message_));
}
std::chrono::microseconds KafkaDelivery::latency() const {
  return std::chrono::microseconds(rd_kafka_message_latency(&Raw(message_)));
}

}  // namespace steamflow
