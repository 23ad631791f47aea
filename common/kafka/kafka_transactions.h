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

struct TransactionMessage {
  std::string topic;
  std::optional<std::int32_t> partition;  // nothing: by the key, as Java clients place it
  OutgoingMessage message;
};

// Messages that are stored all together or not at all, over librdkafka's transactional producer.
// After a SIGKILL readers of committed messages pass over what was left open, and wait for that at
// most 4 s.
class KafkaTransactions {
 public:
  // Undoes what an earlier holder of `id` has left open, and fences it off: of two programs with
  // one id only the later can store anything. Throws TaskError: kConfig for a property, kAuth where
  // the brokers refuse the login or the id, kTransient where they cannot be reached in time.
  KafkaTransactions(Run& run, const KafkaProperties& properties, const std::string& id);
  ~KafkaTransactions();
  KafkaTransactions(const KafkaTransactions&) = delete;
  KafkaTransactions& operator=(const KafkaTransactions&) = delete;

  // Stores the messages, or none of them and says why Kafka can never take one. Their topics must
  // exist. Throws TaskError, among others where another holder of the id has begun (kTransient);
  // what was stored then is known to who reads the topics after the next holder has begun.
  tl::expected<void, std::string> Store(std::span<const TransactionMessage> messages);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
