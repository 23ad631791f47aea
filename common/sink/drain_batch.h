#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "batch_dead_letters.h"
#include "log.h"
#include "refusal_fuse.h"
#include "sink_store.h"
#include "stop.h"

namespace steamflow {

// A batch of a store with all that is stored and counted with it.
class DrainBatch {
 public:
  DrainBatch(SinkStore& store, BatchDeadLetters letters)
      : batch_(store.MakeBatch()), letters_(std::move(letters)) {}

  bool IsFull() const;
  // Forgets everything; `topics` is how many topics there are.
  void Clear(std::size_t topics);

  // A record of the topic of this number, or a message that none can be made of.
  void Add(std::size_t topic, const ConsumedRecord& record);
  void AddPoison(std::size_t topic, const ConsumedMessage& message,
                 const std::vector<KafkaHeader>& headers, std::string_view reason);
  // A position that storing this moves, of the partition of this number.
  void AddMove(std::size_t partition, PositionMove move);

  void Stage() { batch_->Stage(); }
  // Begins to store it, on a thread of its own or when it is waited for; `topics` are their names.
  using Storing = std::future<std::optional<SinkBatch::Stored>>;
  Storing Store(RefusalFuse& fuse, const std::vector<std::string>& topics, std::launch how);

  // Tells of the batch, which is stored, and of its moves at --log-level debug.
  void Tell(Log& log, const std::string& store, const SinkBatch::Stored& stored) const;

  // By topic, dead letters included.
  const std::vector<std::uint64_t>& records() const { return records_; }
  const std::vector<PositionMove>& moves() const { return moves_; }
  std::size_t PartitionOf(std::size_t move) const { return moved_[move]; }
  std::size_t dead_letters() const { return letters_.count(); }
  Clock::duration duration() const { return duration_; }  // of storing it

 private:
  std::unique_ptr<SinkBatch> batch_;
  BatchDeadLetters letters_;
  std::vector<std::uint64_t> records_;  // of each topic
  std::vector<std::uint64_t> tried_;    // those of them that the store is given
  std::vector<PositionMove> moves_;
  std::vector<std::size_t> moved_;  // the number of each move's partition
  std::uint64_t bytes_ = 0;         // of keys and values, as they came
  Clock::duration duration_{};
};

}  // namespace steamflow
