#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka_admin.h"
#include "kafka_transactions.h"
#include "run.h"
#include "stored_dead_letter.h"

namespace steamflow {

// Puts the records of dead letters back into their topics, each once. A record and the note that
// its dead letter was replayed are stored in one Kafka transaction, so neither is ever stored
// alone. Creating this object fences off every earlier replay: from then on only this one can
// replay anything, and the notes of all earlier ones can be read.
class DeadLetterReplay {
 public:
  // `run` must outlive this object. Throws TaskError as KafkaAdmin and KafkaTransactions do.
  DeadLetterReplay(Run& run, const KafkaProperties& properties);

  // Takes an open dead letter. It may be replayed only later, together with others. Throws
  // TaskError.
  void Add(StoredDeadLetter letter);
  // Replays the letters that were added and not replayed yet. Throws TaskError.
  void Finish();

  // Counts of this run. Add() may change them too, because it stores the letters in groups.
  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t refused() const { return refused_; }  // records that Kafka refused; each was logged

 private:
  // Stores the records of these letters, and a note for each letter, in one transaction. If Kafka
  // can never accept one of the records, returns the reason and stores nothing.
  tl::expected<void, std::string> Store(std::span<const StoredDeadLetter> letters);

  Run& run_;
  // The cluster at the start of the run; it shows which letters belong to a topic that no longer
  // exists.
  const KafkaCluster cluster_;
  KafkaTransactions transactions_;
  // The letters of the next transaction: at most 100, or 1 MiB of values. Storing them one by one
  // would cost several round trips for each.
  std::vector<StoredDeadLetter> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace steamflow
