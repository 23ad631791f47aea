#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kafka_config.h"
#include "kafka_outgoing_message.h"
#include "run.h"

namespace steamflow {

// A message that its topic has for good. Lives as long as the call that tells of it.
class KafkaDelivery {
 public:
  explicit KafkaDelivery(const void* message) : message_(message) {}

  std::uint64_t item() const;
  int partition() const;
  int broker() const;                         // the id of the one that answered
  std::chrono::microseconds latency() const;  // since Produce

 private:
  const void* message_;
};

// librdkafka's idempotent producer with acks=all, for one thread. A batch that the broker refuses
// is sent again message by message, so that only a message that is itself too large counts as
// refused. Memory is bounded by the queue (1 MiB).
class KafkaProducer {
 public:
  // What becomes of the messages of a topic: each is reported once, by one of these.
  struct Handlers {
    std::function<void(const KafkaDelivery&)> on_delivered;
    // Kafka can never take it: too large, or not well formed. May produce another message in its
    // place. False: nothing was done, so it has failed.
    std::function<bool(std::uint64_t item, const OutgoingMessage&, const std::string& reason)>
        on_refused;
    std::function<void(std::uint64_t item)> on_failed;
  };
  class Topic;

  // Does not wait. Throws TaskError (kConfig).
  KafkaProducer(Run& run, const KafkaProperties& properties);
  ~KafkaProducer();  // abandons what is not delivered, without reporting it
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  // Begins to connect and to look for the topic, beside whatever the caller does next. Throws
  // TaskError (kConfig).
  Topic& Open(const std::string& topic, Handlers handlers);

  // Waits until the topic is found. Throws TaskError: kConfig where it does not exist, kAuth where
  // the brokers refuse the login or the topic, kTransient where they cannot be reached in time.
  void Await(Topic& topic);

  // Queues a message, waiting for its topic and for room. `item` (less than 2^63) is what the
  // report names. Throws as Await does.
  void Produce(Topic& topic, const OutgoingMessage& message, std::uint64_t item);

  // Reports what has been answered meanwhile; waits up to `wait` for the first response.
  void Poll(std::chrono::milliseconds wait = {});

  // Waits until every message is delivered or has failed, but not past the end of the run: what is
  // left then has failed. Returns the first error that made a message fail.
  std::optional<TaskError> Flush();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
