#pragma once

#include <memory>
#include <optional>
#include <string>

#include "call_budget.h"
#include "fetcher.h"
#include "item_tracker.h"
#include "record_output.h"
#include "redis_client.h"
#include "run.h"
#include "source_config.h"

namespace steamflow {

// Holds the parts that every running source needs: Redis, the call budget, the fetcher, the item
// tracker and the output. The task decides what to ask for and how to turn responses into records.
// A run takes these steps:
//
// 1. The task reads its position from Redis (Walk, NewsWindow).
// 2. FetchAll sends the calls. For each response, the task passes the item's records to Send, and
//    tells ItemTracker the outcome of the item. The output (KafkaOutput) reports to ItemTracker
//    when each record is acknowledged, or is held back as a dead letter.
// 3. Flush waits for the acknowledgements.
// 4. The position moves over the items that are done (EndWalk, MoveNewsWindow). The dead letters
//    of an item are sent right before the position passes it.
// 5. ThrowUnlessComplete throws if something went wrong.
class Source {
 public:
  // Begins to connect the sink; Redis is connected at its first use. `run` must outlive this
  // object. Throws TaskError if the sink cannot be opened.
  Source(Run& run, const SourceConfig& config);
  ~Source();

  RedisClient* redis() { return redis_.get(); }  // null if Redis is not needed
  ItemTracker& items() { return items_; }

  // Passes a record or dead letter of the item to the sink. Does not throw if the sink fails: the
  // failure ends the run through FetchAll and ThrowUnlessComplete, so that the records sent before
  // can still be accounted for.
  void Send(const Record& record, std::uint64_t item);
  void Send(const DeadLetter& letter, std::uint64_t item);

  // Calls Fetcher::FetchAll, and serves the sink and the progress line during it. `total` is the
  // number of items of the run. Does not throw TaskError: the FetchEnd holds any error, the sink's
  // included.
  FetchEnd FetchAll(const std::function<std::optional<Fetch>()>& next, std::uint64_t total);

  // Waits for every acknowledgement and gives back the unused part of the call budget. A failure of
  // the sink is kept for ThrowUnlessComplete; throws TaskError if the budget cannot be given back.
  void Flush();

  // Sends the dead letters of an item for which ItemTracker::AwaitsDeadLetters is true. Call this
  // when the position is about to pass the item.
  void SendDeadLetters(std::uint64_t item);
  // Calls Flush, then sends the dead letters of every item that awaits them and flushes again.
  void FlushWithDeadLetters();

  // Logs a warning with the number of escapes that the parser has replaced, if there were any.
  void WarnOfRepairs(std::uint64_t repaired) const;

  // Throws the TaskError that the run has to end with, if any; call this after the cursor has
  // moved. In this order: a signal, the error that ended the requests, records that did not arrive,
  // a failed call, the deadline, or a skip if the call budget allowed no call at all. `failed` is
  // the message of a call that failed for good, if there is one.
  void ThrowUnlessComplete(const FetchEnd& end, const std::optional<std::string>& failed) const;

 private:
  // Does not throw: once the sink has failed, everything else counts as failed.
  template <typename Message>
  void SendAny(const Message& message, std::uint64_t item);
  // Keeps the first error of the sink for ThrowUnlessComplete().
  void OnSinkError(const TaskError& error);

  Run& run_;
  std::unique_ptr<RedisClient> redis_;
  // Null if there is no limit, or if the source needs no key.
  std::unique_ptr<CallBudget> budget_;
  Fetcher fetcher_;  // creates the result's source section, so it has to come before items_
  ItemTracker items_;
  std::unique_ptr<RecordOutput> sink_;
  std::optional<TaskError> sink_error_;
};

}  // namespace steamflow
