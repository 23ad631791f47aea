#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>

#include "kafka_config.h"
#include "kafka_outgoing_message.h"
#include "run.h"

namespace steamflow {

// A message of a transaction.
struct TransactionMessage {
  std::string topic;
  // If it is nullopt, the key decides, as in Java clients.
  std::optional<std::int32_t> partition;
  OutgoingMessage message;
};

// Stores several messages together or not at all, with librdkafka's transactional producer. If the
// process is killed, its open transaction delays readers of committed messages for at most 4 s;
// after that they skip its messages.
class KafkaTransactions {
 public:
  // Aborts the open transaction of an earlier holder of `id` and fences that holder off: of two
  // programs with the same id, only the later one can store anything. Throws TaskError: kConfig if
  // a property is invalid, kAuth if the brokers reject the login or deny the use of the id,
  // kTransient if they cannot be reached in time.
  KafkaTransactions(Run& run, const KafkaProperties& properties, const std::string& id);
  ~KafkaTransactions();
  KafkaTransactions(const KafkaTransactions&) = delete;
  KafkaTransactions& operator=(const KafkaTransactions&) = delete;

  // Stores all of the messages. If Kafka can never accept one of them, stores none and returns the
  // reason. The topics must exist. Throws TaskError, for example kTransient if another holder of
  // the id has taken over. After an error it is unknown whether the messages were stored; a program
  // that takes over the id can find out by reading the topics.
  tl::expected<void, std::string> Store(std::span<const TransactionMessage> messages);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
