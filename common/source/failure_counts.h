#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "key_store.h"
#include "timestamp.h"

namespace steamflow {

// Counts, for each id of a walk, the runs in which its call failed while the API as a whole worked,
// and keeps the time of the first of them. The counts are stored as a hash in Redis, id ->
// "<runs>/<time>". A success deletes an id's count.
class FailureCounts {
 public:
  // An object that keeps no counts, for runs without a cursor: Count always returns false.
  FailureCounts() = default;
  // Parses the fields of the hash. `now` is the clock's time in this run. The error quotes the
  // first field that is malformed.
  static tl::expected<FailureCounts, std::string> Parse(
      const std::map<std::string, std::string>& fields, Instant now);

  bool are_kept() const { return keeps_; }

  // Returns the ids that have failed in this run or before.
  std::vector<std::uint64_t> Ids() const;

  // Counts this run as one in which the id failed. Returns whether the cursor may now pass the id:
  // this is the fifth run or a later one, and the first was at least an hour ago.
  bool Count(std::uint64_t id);
  // Deletes the count of an id that has answered.
  void Forget(std::uint64_t id);

  // Returns the fields that this run has changed, for KeyStore::Write.
  std::vector<KeyChange::Field> Changes() const;

 private:
  struct Held {
    std::string text;  // as read
    unsigned runs = 0;
    Instant first{};
  };

  // The counts in Redis before this run; `changes_` has what this run has changed.
  std::map<std::uint64_t, Held> held_;
  std::map<std::uint64_t, KeyChange::Field> changes_;
  Instant now_{};
  bool keeps_ = false;
};

}  // namespace steamflow
