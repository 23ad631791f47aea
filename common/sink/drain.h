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

// What a drain has to do with beside its store: Kafka, or what a test has in its place.
struct DrainSurroundings {
  std::function<std::unique_ptr<MessageReader>()> open;
  std::function<bool(const std::string& topic)> is_compacted;
  DeadLetterOutput& letters;
  std::launch storing = std::launch::async;  // deferred: when it is waited for
};

// Moves records from Kafka into the store, from the stored positions to the ends as seen at the
// start, or until --max-records or the end of the work, and fills in the result. Poison goes to the
// dead letters. While a batch is being stored the next one is read.
class Drain {
 public:
  // Checks the flags, before any network use. Throws TaskError (kUsage, kConfig).
  Drain(Run& run, const DrainOptions& options);
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  // Once only. Throws TaskError: kConfig for an unknown topic, kData after all else is drained
  // where Kafka does not confirm a stored position, kTransient where no record could be moved in
  // time, and what the store throws.
  void Into(SinkStore& store);
  void Into(SinkStore& store, const DrainSurroundings& surroundings);

 private:
  void FindPositions(SinkStore& store);
  bool IsCompacted(const std::string& topic) const;

  // Returns false where positions must be found again: another sink has moved the stored ones, or
  // Kafka no longer has what was to be read.
  bool ReadAndStore(DrainBatch (&batches)[2]);
  void StartReading();
  // Reads until the batch should be handed over. Returns false where there is no more to read.
  bool Fill(DrainBatch& batch, const DrainBatch::Storing& storing);
  void Take(const KafkaMessage& message, DrainBatch& batch);
  // Tells the batch how far storing it moves the positions. Returns false where that is nowhere.
  bool AddMoves(DrainBatch& batch);
  // Waits for the batch to be stored, and counts it. Returns false where another sink was faster.
  bool Settle(const DrainBatch& batch, DrainBatch::Storing& storing);

  bool IsOver() const;
  bool HasMostRecords() const;
  // The partition at this place of those that the reader was given.
  PartitionProgress& ReadAt(std::size_t place);
  // So that a run that fails tells what it has done.
  void ShowResult();
  void ThrowUnlessComplete();

  Run& run_;
  const DrainOptions& options_;
  const KafkaProperties kafka_;
  RefusalFuse fuse_;
  ConsumedRecordParser parser_;
  const DrainSurroundings* surroundings_ = nullptr;
  std::unique_ptr<MessageReader> reader_;
  DrainPartitions partitions_;
  std::vector<std::size_t> reading_;  // the number of each partition that the reader was given
  bool has_lost_place_ = false;
  bool is_cut_short_ = false;
  std::uint64_t taken_ = 0;  // records read
  Progress* progress_line_ = nullptr;
  DrainResult done_;  // what is stored for good
};

}  // namespace steamflow
