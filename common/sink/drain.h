#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "consumed_record.h"
#include "dead_letter_output.h"
#include "drain_batch.h"
#include "drain_options.h"
#include "drain_partitions.h"
#include "kafka_config.h"
#include "message_reader.h"
#include "progress.h"
#include "refusal_fuse.h"
#include "run.h"
#include "sink_store.h"

namespace steamflow {

// What a drain uses apart from its store: Kafka, or a test's replacement for it.
struct DrainSurroundings {
  std::function<std::unique_ptr<MessageReader>()> open;  // makes a new reader
  // Makes a reader that is asked for single messages only.
  std::function<std::unique_ptr<MessageReader>()> open_checker;
  std::function<bool(const std::string& topic)> is_compacted;
  DeadLetterOutput& letters;
  // Stores a batch while the next is read; `deferred` stores it only when the drain waits for it,
  // which makes tests deterministic.
  std::launch storing = std::launch::async;
};

// Moves records from Kafka into a store, and fills in the run's result. It begins at the stored
// positions and stops at the ends that the partitions had at the start, or earlier at --max-records
// or when the run's time is up. Poison (a message that cannot become a record) goes to the dead
// letters. The next batch is read while one is being stored.
class Drain {
 public:
  // Checks the flags, without using the network. `run` and `options` must outlive this object.
  // Throws TaskError (kUsage, kConfig).
  Drain(Run& run, const DrainOptions& options);
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  // Drains into `store`. Call this only once. Throws TaskError: kConfig if a topic does not exist;
  // kData if Kafka does not confirm a stored position, after everything else was drained;
  // kTransient if no record could be moved in time; and what the store throws.
  void Into(SinkStore& store);
  // The same, with a replacement for Kafka.
  void Into(SinkStore& store, const DrainSurroundings& surroundings);

 private:
  // Reads the stored positions and checks each against Kafka.
  void FindPositions(SinkStore& store);
  // Asks Kafka for the cleanup.policy of a topic. Only needed if a record is missing.
  bool IsCompacted(const std::string& topic) const;

  // Returns false if the positions must be read again, because another sink has moved them or Kafka
  // no longer has the next record.
  bool ReadAndStore(DrainBatch (&batches)[2]);
  // Makes the reader fetch the partitions that still have something to read.
  void StartReading();
  // Reads until the batch should be stored. Returns false if there is nothing more to read.
  bool Fill(DrainBatch& batch, const DrainBatch::Storing& storing);
  // Parses a message, and adds the record or the dead letter to the batch.
  void Take(const KafkaMessage& message, DrainBatch& batch);
  // Tells the batch how far storing it moves the positions. Returns false if it moves none.
  bool AddMoves(DrainBatch& batch);
  // Waits until the batch is stored, and counts it. Returns false if another sink has moved the
  // positions, so that nothing was stored.
  bool Settle(const DrainBatch& batch, DrainBatch::Storing& storing);

  // Returns the reader of witnesses, which it opens first if necessary.
  MessageReader& Checker();

  // Returns whether reading must stop: everything is read, the time is up, --max-records is
  // reached, or a place is lost.
  bool IsOver() const;
  bool HasMostRecords() const;
  // Returns the partition at index `place` in the list that the reader was started with.
  PartitionProgress& ReadAt(std::size_t place);
  // Copies the counts into the run's result. Called after each step, so that a run that fails still
  // reports what it has done.
  void ShowResult();
  // Throws the TaskError with which the run has to end, after everything that was read is stored.
  void ThrowUnlessComplete();

  Run& run_;
  const DrainOptions& options_;
  const KafkaProperties kafka_;
  // Counts the refusals of the whole run, so it is shared by all batches.
  RefusalFuse fuse_;
  ConsumedRecordParser parser_;
  const DrainSurroundings* surroundings_ = nullptr;
  std::unique_ptr<MessageReader> reader_;
  std::unique_ptr<MessageReader> checker_;  // reads witnesses, without disturbing reader_
  DrainPartitions partitions_;
  std::vector<std::size_t> reading_;  // indexes in partitions_ of those that the reader reads
  // Kafka no longer has the next record of a partition, so positions must be found again.
  bool has_lost_place_ = false;
  // The time was up before everything that was read could be stored. The next run reads it again.
  bool is_cut_short_ = false;
  std::uint64_t taken_ = 0;  // records read
  Progress* progress_line_ = nullptr;
  DrainResult done_;  // counts only what is stored for good
};

}  // namespace steamflow
