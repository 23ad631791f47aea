#pragma once

#include <chrono>
#include <cstdint>

namespace steamflow {

// A message that its topic has durably stored. It is valid only during the call that reports it.
class KafkaDelivery {
 public:
  // `message` is librdkafka's.
  KafkaDelivery(std::uint64_t item, const void* message) : item_(item), message_(message) {}

  std::uint64_t item() const { return item_; }
  int partition() const;
  int broker() const;                         // ID of the broker that acknowledged it
  std::chrono::microseconds latency() const;  // since Produce()

 private:
  const std::uint64_t item_;
  // An rd_kafka_message_t. The type is hidden, so that tasks need not include librdkafka.
  const void* message_;
};

}  // namespace steamflow
