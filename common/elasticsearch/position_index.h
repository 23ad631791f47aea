#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bulk_response.h"
#include "index_guard.h"
#include "rest_client.h"
#include "sink_store.h"

namespace steamflow {

// Keeps the position of each partition in an index beside the records' indices. A snapshot that is
// restored then has the positions that belong to its records.
class PositionIndex {
 public:
  // `index_prefix` is that of the records' indices. `client` and `guard` must outlive this object.
  PositionIndex(RestClient& client, IndexGuard& guard, const std::string& index_prefix);

  // Returns the position of each partition, nullopt for one that has none. Throws TaskError: as
  // RestClient::Ask and IndexGuard::Look do, and kData if a document is not a position.
  std::vector<std::optional<SinkPosition>> Read(const std::vector<KafkaPartition>& partitions);

  // Returns the partitions of these topics that have a position other than 0. May miss those that
  // were written in the last second. Throws TaskError as RestClient::Ask does.
  std::vector<KafkaPartition> Find(const std::vector<std::string>& topics);

  // Checks the index of the positions. Call this before storing anything. Throws TaskError as
  // IndexGuard::Look does.
  void CheckIndex();

  // Moves all positions by compare-and-set. Returns false if one of them is not at the `from` of
  // its move, because another sink was faster. A position that is already at its `to` counts as
  // moved: the response of an earlier attempt was lost. Continues after a signal, because the
  // documents are already stored. Throws TaskError.
  bool Move(const std::vector<PositionMove>& moves);

 private:
  // A position as it was last read, with the numbers that a compare-and-set needs.
  struct Seen {
    std::optional<SinkPosition> position;
    std::int64_t seq_no = 0;
    std::int64_t primary_term = 0;
  };

  // Reads the documents of these partitions into seen_.
  void Look(const std::vector<KafkaPartition>& partitions);
  // Returns whether seen_ has the position that the move starts from, so that it need not be read.
  bool IsSeen(const PositionMove& move) const;
  bool Set(const std::vector<PositionMove>& moves);
  // Returns the two lines of _bulk that write the position if its document is still the one in
  // seen_.
  std::string Lines(const PositionMove& move) const;
  [[noreturn]] void Fail(ExitCode code, const std::string& cause) const;

  const std::string index_;
  RestClient& client_;
  IndexGuard& guard_;
  BulkResponseParser parser_;
  // By topic and partition. Cleared after each write, because writing changes the numbers.
  std::map<std::pair<std::string, std::int32_t>, Seen> seen_;
};

}  // namespace steamflow
