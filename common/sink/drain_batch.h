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

// A batch of a store, together with its dead letters, the positions that storing it moves, and its
// counts.
class DrainBatch {
 public:
  DrainBatch(SinkStore& store, BatchDeadLetters letters)
      : batch_(store.MakeBatch()), letters_(std::move(letters)) {}

  // Returns whether the batch should be stored: the store's part is full, or there are many dead
  // letters.
  bool IsFull() const;
  // Empties the batch for the next use. `topics` is the number of topics of the drain.
  void Clear(std::size_t topics);

  // Adds a record, or a message that cannot become one. `topic` is the index of its topic.
  void Add(std::size_t topic, const ConsumedRecord& record);
  void AddPoison(std::size_t topic, const ConsumedMessage& message,
                 const std::vector<KafkaHeader>& headers, std::string_view reason);
  // Adds a position that storing the batch moves. `partition` is the partition's index.
  void AddMove(std::size_t partition, PositionMove move);

  void Stage() { batch_->Stage(); }
  // Begins to store the batch: on another thread, or when the future is waited for, as `how` says.
  // `topics` has the names of all topics. The future holds what SinkBatch::Store returns or throws.
  // The batch must not be changed before it is ready.
  using Storing = std::future<std::optional<SinkBatch::Stored>>;
  Storing Store(RefusalFuse& fuse, const std::vector<std::string>& topics, std::launch how);

  // Logs the stored batch and its moves at the level debug.
  void Tell(Log& log, const std::string& store, const SinkBatch::Stored& stored) const;

  // The number of records of each topic, dead letters included.
  const std::vector<std::uint64_t>& records() const { return records_; }
  const std::vector<PositionMove>& moves() const { return moves_; }
  // The index of the partition that each move belongs to.
  const std::vector<std::size_t>& moved() const { return moved_; }
  std::size_t dead_letters() const { return letters_.count(); }
  Clock::duration duration() const { return duration_; }  // how long storing the batch took

 private:
  std::unique_ptr<SinkBatch> batch_;
  BatchDeadLetters letters_;
  std::vector<std::uint64_t> records_;  // per topic, dead letters included
  std::vector<std::uint64_t> tried_;    // per topic, only those given to the store
  std::vector<PositionMove> moves_;
  std::vector<std::size_t> moved_;  // the index of each move's partition
  std::uint64_t bytes_ = 0;         // the size of keys and values as they were received
  Clock::duration duration_{};
};

}  // namespace steamflow
