#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>

#include "dead_letter_output.h"
#include "drain_options.h"
#include "message_reader.h"
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
  ~Drain();

  // Once only. Throws TaskError: kConfig for an unknown topic, kData after all else is drained
  // where Kafka does not confirm a stored position, kTransient where no record could be moved in
  // time, and what the store throws.
  void Into(SinkStore& store);
  void Into(SinkStore& store, const DrainSurroundings& surroundings);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
