#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kafka_config.h"
#include "kafka_delivery.h"
#include "kafka_outgoing_message.h"
#include "run.h"

namespace steamflow {

// librdkafka's idempotent producer with acks=all. Not thread-safe. If the broker rejects a batch,
// its messages are sent again one by one, so that only a message that is itself too large counts as
// rejected. The queue of 1 MiB limits the memory.
class KafkaProducer {
 public:
  // Callbacks for the messages of a topic. Exactly one of them is called for each message.
  struct Handlers {
    std::function<void(const KafkaDelivery&)> on_delivered;
    // Kafka can never accept the message: it is too large or malformed. The callback may produce
    // another message in its place. If it returns false, it has not, and the message has failed.
    std::function<bool(std::uint64_t item, const OutgoingMessage&, const std::string& reason)>
        on_refused;
    std::function<void(std::uint64_t item)> on_failed;
  };
  class Topic;

  // Does not wait for a connection. `run` must outlive this object. Throws TaskError as
  // MakeKafkaProducer() does.
  KafkaProducer(Run& run, const KafkaProperties& properties);
  ~KafkaProducer();  // abandons undelivered messages without reporting them
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  // Starts to connect and to look for the topic, and returns at once. Throws TaskError (kConfig) if
  // the name is invalid.
  Topic& Open(const std::string& topic, Handlers handlers);

  // Waits until the topic is found. Throws TaskError: kConfig if it does not exist, kAuth if the
  // brokers reject the login or deny access to the topic, kTransient if they cannot be reached in
  // time.
  void Await(Topic& topic);

  // Queues a message. Waits until its topic is found and the queue has room. The callbacks report
  // the message by `item`, which must be less than 2^63. Throws as Await() does.
  void Produce(Topic& topic, const OutgoingMessage& message, std::uint64_t item);

  // Calls back for all messages that have been answered. Waits up to `wait` for the first answer.
  void Poll(std::chrono::milliseconds wait = {});

  // Waits until every message is delivered or has failed, but not past the end of the run: messages
  // that are left then have failed. Returns the first error that made a message fail, or nullopt.
  std::optional<TaskError> Flush();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
