#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stored_dead_letter.h"
#include "timestamp.h"

namespace steamflow {

class Flags;

// The flags that choose dead letters. A dead letter has to match all flags that are given.
struct DeadLetterFlags {
  // The texts from the command line. ReadSelection() parses them.
  std::vector<std::string> letters;
  // An empty text selects all letters.
  std::string reason, source_topic, event_id, since, until;

  void AddTo(const Flags& flags);
};

// The parsed flags. They are parsed before Kafka is contacted, so that a wrong flag fails at once.
struct DeadLetterSelection {
  std::set<std::pair<std::int32_t, std::int64_t>> letters;  // partition and offset; empty = any
  std::string reason;                                       // a part of the reason; empty = any
  std::string source_topic;                                 // empty = any
  std::string event_id;                                     // empty = any
  std::optional<Instant> since, until;  // when the dead letter was written; excludes `until` itself

  // Returns whether the letter matches every criterion that was given.
  bool Has(const StoredDeadLetter& letter) const;
  bool HasAll() const;  // returns whether every dead letter is selected, since no flag was given
};

// Parses the flags. Throws TaskError (kUsage) if one is malformed.
DeadLetterSelection ReadSelection(const DeadLetterFlags& flags);

}  // namespace steamflow
