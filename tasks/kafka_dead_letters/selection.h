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

// The flags that choose dead letters; a dead letter has to fit all that are given.
struct DeadLetterFlags {
  std::vector<std::string> letters;
  std::string reason, source_topic, event_id, since, until;

  void AddTo(const Flags& flags);
};

struct DeadLetterSelection {
  std::set<std::pair<std::int32_t, std::int64_t>> letters;  // partition and offset; empty = any
  std::string reason;                                       // a part of it
  std::string source_topic;                                 // this and the next: empty = any
  std::string event_id;
  std::optional<Instant> since, until;  // when the dead letter was written; `until` is not included

  bool Has(const StoredDeadLetter& letter) const;
  bool HasAll() const;  // nothing was chosen
};

// Throws TaskError (kUsage).
DeadLetterSelection ReadSelection(const DeadLetterFlags& flags);

}  // namespace steamflow
