#pragma once

#include "dead_letters.h"
#include "kafka_config.h"
#include "kafka_producer.h"
#include "run.h"

namespace steamflow {

// Writes the dead letters of a sink. An interface, so that tests can keep them in memory.
class DeadLetterOutput {
 public:
  virtual ~DeadLetterOutput() = default;

  // Waits until dead letters can be written. Throws TaskError.
  virtual void Await() = 0;
  // Queues a dead letter. Throws TaskError.
  virtual void Write(const DeadLetterMessage& letter) = 0;
  // Waits until every queued dead letter is acknowledged. Throws TaskError if one is not.
  virtual void Send() = 0;
};

// The implementation for the topic of dead letters. Unlike a source, a sink has nothing to do for
// each letter, so the writer's callback is empty.
class KafkaDeadLetterOutput : public DeadLetterOutput {
 public:
  // Begins to look up the topic. Throws as KafkaProducer does. `run` must outlive this object.
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
