#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "run.h"

namespace steamflow {

// One record to be delivered. The views need to be valid only during the call that takes them.
struct Record {
  std::string_view key;
  std::string_view event_id;
  std::string_view value;  // a JSON object on one line
};

// Something that cannot be delivered as a record: the bytes as received, and the reason.
struct DeadLetter {
  std::string_view key;  // the event id, or whatever identifies the item
  std::string_view event_id;
  std::string_view value;
  std::string_view reason;
};

// What became of a record or dead letter.
enum class Delivery {
  kRecord,      // it arrived as a record
  kDeadLetter,  // it arrived as a dead letter
  kFailed,      // it will not arrive
  kKept,        // the output holds back a dead letter until SendDeadLetters; reported again then
};

// Delivers records. Every record and dead letter belongs to an item, a number that the task
// chooses. `on_delivered` is called once for each record and dead letter, when it has arrived or
// when it is certain that it will not arrive. For a dead letter that is held back it is called once
// before, with kKept.
class RecordOutput {
 public:
  using OnDelivered = std::function<void(std::uint64_t item, Delivery delivery)>;

  virtual ~RecordOutput() = default;

  // Takes the record, or turns it into a dead letter if the sink can never accept it. Blocks while
  // the sink is full. Throws TaskError.
  virtual void Write(const Record& record, std::uint64_t item) = 0;
  virtual void Write(const DeadLetter& letter, std::uint64_t item) = 0;

  // Sends the dead letters of the item that the output has held back. Only an output whose runs
  // move a position holds them back. That way a dead letter is written once, by the run whose
  // position passes it, and not again by every run that stops before it. Throws TaskError.
  virtual void SendDeadLetters(std::uint64_t item) = 0;

  // Calls `on_delivered` for what has been delivered in the meantime. Does not wait. Throws
  // TaskError.
  virtual void Poll() = 0;

  // Waits until every record has arrived or failed, but not past the end of the run; records that
  // are still under way then count as failed. Returns the error that made records fail, if any
  // failed. Throws TaskError.
  virtual std::optional<TaskError> Flush() = 0;
};

// Returns the headers that every record of a run has in addition to event_id, in their order.
std::vector<std::pair<std::string, std::string>> CommonHeaders(const RunIdentity& run);

// The outputs below keep their counts in Run::result; `run` must outlive them.
//
// Makes the output that writes one line of JSON for each record, to stdout if `path` is empty or
// else to a file, which it truncates. Waits until a named pipe has a reader. Throws TaskError:
// kUsage if the file cannot be opened, kOutput if nobody reads the pipe before the run ends.
std::unique_ptr<RecordOutput> MakeLineOutput(Run& run, const std::string& topic,
                                             const std::string& path,
                                             RecordOutput::OnDelivered on_delivered);

// Makes the output for --dry-run, which discards records.
std::unique_ptr<RecordOutput> MakeNullOutput(Run& run, const std::string& topic,
                                             RecordOutput::OnDelivered on_delivered);

}  // namespace steamflow
