#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "key_store.h"
#include "timestamp.h"

namespace steamflow {

// In how many runs the call for an id of a walk has failed, though the API as such was well, and
// when first: a hash in Redis, id -> "<runs>/<time>". A success forgets them.
class FailureCounts {
 public:
  // No failures, as of a run that keeps none: no id may ever be passed then.
  FailureCounts() = default;
  // What the hash holds; `now` is the clock's time in this run. Of a field that is garbage, the
  // error shows it.
  static tl::expected<FailureCounts, std::string> Parse(
      const std::map<std::string, std::string>& fields, Instant now);

  bool are_kept() const { return keeps_; }

  // The ids that have failed, in this run or before.
  std::vector<std::uint64_t> Ids() const;

  // Counts this run for the id. Whether it may be passed now: in the fifth run or later, an hour or
  // more after the first.
  bool Count(std::uint64_t id);
  void Forget(std::uint64_t id);

  // What this run has changed.
  std::vector<KeyChange::Field> Changes() const;

 private:
  struct Held {
    std::string text;  // as read
    unsigned runs = 0;
    Instant first{};
  };

  std::map<std::uint64_t, Held> held_;
  std::map<std::uint64_t, KeyChange::Field> changes_;
  Instant now_{};
  bool keeps_ = false;
};

}  // namespace steamflow
