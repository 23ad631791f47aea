#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "consumed_record.h"
#include "dead_letter_output.h"
#include "kafka_message.h"
#include "refusal_fuse.h"

namespace steamflow {

// The dead letters of one batch of a sink, kept until the batch is being stored.
class BatchDeadLetters {
 public:
  // Both outlive this.
  BatchDeadLetters(DeadLetterOutput& letters, RefusalFuse& fuse) : letters_(letters), fuse_(fuse) {}

  // A message as it came, of which no record can be made. Copies what it needs.
  void Add(const ConsumedMessage& message, const std::vector<KafkaHeader>& headers,
           std::string_view reason);

  // A message that the store refuses, with an error of this name (an SQLSTATE, Elasticsearch's
  // error type), for a fault of the message's own. Throws TaskError (kConfig) where these are so
  // many that it cannot be theirs: see RefusalFuse.
  void Refuse(const ConsumedMessage& message, const std::vector<KafkaHeader>& headers,
              std::string_view error, std::string_view reason);

  // Writes all of them and waits until each is acknowledged; to be called once, before the
  // positions behind them are stored. Throws TaskError where that fails.
  void Send();

  std::size_t count() const { return kept_.size(); }
  std::size_t bytes() const { return bytes_; }
  // Forgets all but the first ones: what was refused is to be tried again.
  void Shorten(std::size_t count);
  // Forgets all of them: they are sent.
  void Clear();

 private:
  struct Kept {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::string event_id;
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string error;  // of the store; empty: it was not asked
    std::string reason;

    std::size_t bytes() const {
      std::size_t sum = sizeof(Kept) + event_id.size() + reason.size();
      sum += (key ? key->size() : 0) + (value ? value->size() : 0);
      for (const auto& [name, its_value] : headers) sum += name.size() + its_value.size();
      return sum;
    }
  };

  DeadLetterOutput& letters_;
  RefusalFuse& fuse_;
  std::deque<Kept> kept_;
  std::size_t bytes_ = 0;
};

}  // namespace steamflow
