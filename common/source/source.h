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

// The parts that a running source is made of. A task adds what to ask for and what to make of the
// responses. A run, in order:
//
// 1. The task reads its position from Redis (Walk, NewsWindow).
// 2. FetchAll sends the calls. For each response the task tells ItemTracker the outcome of the item
//    and hands on its records by Send. The output (KafkaOutput) calls back to ItemTracker as each
//    record is acknowledged, or is kept as a dead letter.
// 3. Flush waits for the acknowledgements.
// 4. The position moves over the items that are done (EndWalk, NewsWindow). The dead letters of an
//    item are sent right before the position passes it.
// 5. ThrowUnlessComplete ends the run with what went wrong.
class Source {
 public:
  // Begins to connect the sink.
  Source(Run& run, const SourceConfig& config);
  ~Source();

  RedisClient* redis() { return redis_.get(); }  // null where none is configured
  ItemTracker& items() { return items_; }

  // Hands on a record or dead letter of the item. A sink that fails ends the run, through FetchAll
  // and ThrowUnlessComplete, not here: what went before is still to be accounted for.
  void Send(const Record& record, std::uint64_t item);
  void Send(const DeadLetter& letter, std::uint64_t item);

  // Fetcher::FetchAll, serving the sink and the progress line meanwhile. `total` = the items of the
  // run.
  FetchEnd FetchAll(const std::function<std::optional<Fetch>()>& next, std::uint64_t total);

  // Waits for every acknowledgement and gives back the unused part of the call budget.
  void Flush();

  // Sends the dead letters of the item, of which nothing else is left: what moves past it is about
  // to move.
  void SendDeadLetters(std::uint64_t item);
  // Flush, and the same with the dead letters of each item of which nothing else is left.
  void FlushWithDeadLetters();

  // Says how many escapes the parser has replaced, if any.
  void WarnOfRepairs(std::uint64_t repaired) const;

  // Throws what the run has to end with, after its cursor has moved: a signal, the error that ended
  // the requests, records that did not arrive, calls that failed, the deadline, or a skip where the
  // call budget allowed no call at all. `failed` is the last call that failed, if any.
  void ThrowUnlessComplete(const FetchEnd& end, const std::optional<std::string>& failed) const;

 private:
  template <typename Message>
  void SendAny(const Message& message, std::uint64_t item);
  void OnSinkError(const TaskError& error);

  Run& run_;
  std::unique_ptr<RedisClient> redis_;
  std::unique_ptr<CallBudget> budget_;
  Fetcher fetcher_;  // makes the result's source section, which items_ counts in
  ItemTracker items_;
  std::unique_ptr<RecordOutput> sink_;
  std::optional<TaskError> sink_error_;
};

}  // namespace steamflow
