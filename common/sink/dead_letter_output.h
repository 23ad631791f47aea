#pragma once

#include "dead_letters.h"
#include "kafka_config.h"
#include "kafka_producer.h"
#include "run.h"

namespace steamflow {

// Where the dead letters of a sink go. Besides Kafka's there is one in the memory of a test.
class DeadLetterOutput {
 public:
  virtual ~DeadLetterOutput() = default;

  // Waits until dead letters can be written. Throws TaskError.
  virtual void Await() = 0;
  // Queues a dead letter.
  virtual void Write(const DeadLetterMessage& letter) = 0;
  // Waits until each is acknowledged. Throws TaskError where that fails.
  virtual void Send() = 0;
};

class KafkaDeadLetterOutput : public DeadLetterOutput {
 public:
  // Begins to look for the topic. Throws as KafkaProducer does.
  KafkaDeadLetterOutput(Run& run, const KafkaProperties& properties)
      : producer_(run, properties), letters_(run, producer_, [](std::uint64_t, bool) {}) {}

  void Await() override { letters_.Await(); }
  void Write(const DeadLetterMessage& letter) override { letters_.Write(letter, 0); }
  void Send() override {
    if (const auto error = producer_.Flush()) throw *error;
  }

 private:
  KafkaProducer producer_;
  DeadLetterWriter letters_;
};

}  // namespace steamflow
