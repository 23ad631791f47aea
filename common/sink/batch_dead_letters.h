#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "consumed_record.h"
#include "dead_letter_output.h"
#include "kafka_message.h"
#include "kept_dead_letter.h"
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
  DeadLetterOutput& letters_;
  RefusalFuse& fuse_;
  std::deque<KeptDeadLetter> kept_;
  std::deque<std::string> errors_;  // of the store, for each; empty: it was not asked
  std::size_t bytes_ = 0;
};

}  // namespace steamflow
