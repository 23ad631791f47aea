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

// The dead letters of one batch of a sink, held back until the batch is stored.
class BatchDeadLetters {
 public:
  // `letters` and `fuse` must outlive this object.
  BatchDeadLetters(DeadLetterOutput& letters, RefusalFuse& fuse) : letters_(letters), fuse_(fuse) {}

  // Adds a message that cannot become a record. Copies what it needs.
  void Add(const ConsumedMessage& message, const std::vector<KafkaHeader>& headers,
           std::string_view reason);

  // Adds a message that the store refuses because of the message itself. `error` names the reason
  // (an SQLSTATE, or Elasticsearch's error type). Throws TaskError (kConfig) if the store has
  // refused so many messages for this reason that they cannot be the cause: see RefusalFuse.
  void Refuse(const ConsumedMessage& message, const std::vector<KafkaHeader>& headers,
              std::string_view error, std::string_view reason);

  // Writes all dead letters and waits until each is acknowledged. Call this once, before the
  // positions that pass them are stored. Throws TaskError if that fails.
  void Send();

  std::size_t count() const { return kept_.size(); }
  std::size_t bytes() const { return bytes_; }
  // Drops all but the first `count` dead letters, and uncounts them in the fuse. Used before the
  // store tries the batch again and refuses them again.
  void Shorten(std::size_t count);
  // Drops all dead letters, once they were sent.
  void Clear();

 private:
  // Both are shared by all batches of a drain.
  DeadLetterOutput& letters_;
  RefusalFuse& fuse_;
  // A deque, because a KeptDeadLetter cannot be moved.
  std::deque<KeptDeadLetter> kept_;
  std::deque<std::string> errors_;  // the store's error for each; empty = it was not asked
  std::size_t bytes_ = 0;
};

}  // namespace steamflow
