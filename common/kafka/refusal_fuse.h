#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace steamflow {

// Ends the run when a store, or Kafka, rejects so many records of a topic for the same reason that
// the cause is probably not in the records: more than ten records of the topic, and more than a
// tenth of those that this run has tried.
class RefusalFuse {
 public:
  // `who` is the store or service that rejects records, and `remedy` says what happens to the
  // records and what to do; both are for the message. With `accepts` the fuse never ends the run.
  RefusalFuse(std::string who, std::string remedy, bool accepts = false)
      : who_(std::move(who)), remedy_(std::move(remedy)), accepts_(accepts) {}

  // Records that so many records of a topic are about to be stored.
  void Try(std::string_view topic, std::uint64_t records);

  // Records that one of them was rejected with an error of this name (an SQLSTATE, Elasticsearch's
  // error type, Kafka's error). `reason` describes this rejection. Throws TaskError (kConfig),
  // which names both, if there are too many.
  void Refuse(std::string_view topic, std::string_view error, std::string_view reason);

  // Takes one Refuse() back, because the store tries the record again.
  void Forget(std::string_view topic, std::string_view error);

 private:
  const std::string who_;
  const std::string remedy_;
  const bool accepts_;
  // Counts of this run only.
  std::map<std::string, std::uint64_t, std::less<>> tried_;               // by topic
  std::map<std::pair<std::string, std::string>, std::uint64_t> refused_;  // by topic and error
};

}  // namespace steamflow
