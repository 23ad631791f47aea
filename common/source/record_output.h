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

// One record on its way out. The views need to live only for the call that takes them.
struct Record {
  std::string_view key;
  std::string_view event_id;
  std::string_view value;  // a JSON object on one line
};

// What cannot be delivered as a record: the bytes as received, and why.
struct DeadLetter {
  std::string_view key;  // the event id, or what is known of the item
  std::string_view event_id;
  std::string_view value;
  std::string_view reason;
};

// What became of a record or dead letter.
enum class Delivery {
  kRecord,      // it has arrived
  kDeadLetter,  // it has arrived, as a dead letter
  kFailed,      // it never will
  kKept,        // a dead letter that waits for SendDeadLetters; told of once more after it
};

// Where records go. Every record and dead letter belongs to an item (a number that the task
// chooses); `on_delivered` is called once for each, when it has arrived for good or never will, and
// where it is kept as a dead letter once before.
class RecordOutput {
 public:
  using OnDelivered = std::function<void(std::uint64_t item, Delivery delivery)>;

  virtual ~RecordOutput() = default;

  // Takes the record, or turns it into a dead letter where it can never be taken. Blocks while the
  // sink is full. Throws TaskError.
  virtual void Write(const Record& record, std::uint64_t item) = 0;
  virtual void Write(const DeadLetter& letter, std::uint64_t item) = 0;

  // Sends the dead letters of the item. An output whose runs move a position keeps them until this:
  // a dead letter is written once, by the run whose position passes it, and not by each that is
  // held up before. Throws TaskError.
  virtual void SendDeadLetters(std::uint64_t item) = 0;

  // Calls back for what has been delivered meanwhile. Throws TaskError.
  virtual void Poll() = 0;

  // Waits until every record has arrived or failed, but not past the end of the run: what is left
  // then counts as failed. Returns the error that made records fail, if any did. Throws TaskError.
  virtual std::optional<TaskError> Flush() = 0;
};

// The headers of every record of a run besides event_id, in their order.
std::vector<std::pair<std::string, std::string>> CommonHeaders(const RunIdentity& run);

// The sinks below keep their counts in Run::result.
//
// stdout (`path` empty) or a file, written from its beginning: one line of JSON a record. Throws
// TaskError (kUsage) where the file cannot be opened.
std::unique_ptr<RecordOutput> MakeLineOutput(Run& run, const std::string& topic,
                                             const std::string& path,
                                             RecordOutput::OnDelivered on_delivered);

// Nowhere: --dry-run.
std::unique_ptr<RecordOutput> MakeNullOutput(Run& run, const std::string& topic,
                                             RecordOutput::OnDelivered on_delivered);

}  // namespace steamflow
