#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace steamflow {

// Blows where a store, or Kafka, refuses so much of a topic for one reason that this is to be
// looked at rather than the records: more than ten of the topic's records, and more than a tenth of
// those that this run has tried.
class RefusalFuse {
 public:
  // `who` refuses, and `remedy` is what then becomes of the records, for the message. `accepts`: it
  // never blows.
  RefusalFuse(std::string who, std::string remedy, bool accepts = false)
      : who_(std::move(who)), remedy_(std::move(remedy)), accepts_(accepts) {}

  // So many records of a topic are about to be stored.
  void Try(std::string_view topic, std::uint64_t records);

  // One is refused, with an error of this name (an SQLSTATE, Elasticsearch's error type, Kafka's
  // error). Throws TaskError (kConfig) with both and `reason`, what is said of this one.
  void Refuse(std::string_view topic, std::string_view error, std::string_view reason);

  // Takes that back: the store tries the record again.
  void Forget(std::string_view topic, std::string_view error);

 private:
  const std::string who_;
  const std::string remedy_;
  const bool accepts_;
  std::map<std::string, std::uint64_t, std::less<>> tried_;               // by topic
  std::map<std::pair<std::string, std::string>, std::uint64_t> refused_;  // by topic and error
};

}  // namespace steamflow
