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

// How far each partition is stored, as documents of an index beside those of the records: whoever
// has these documents, as in a restored snapshot, has the positions that belong to them.
class PositionIndex {
 public:
  // `index_prefix` is that of the documents. Both must outlive this.
  PositionIndex(RestClient& client, IndexGuard& guard, const std::string& index_prefix);

  // The position of each partition; nothing where there is none. Throws TaskError: as
  // RestClient::Ask and IndexGuard::Look do, kData for a document that is no position.
  std::vector<std::optional<SinkPosition>> Read(const std::vector<KafkaPartition>& partitions);

  // To be called before anything is stored. Throws TaskError as IndexGuard::Look does.
  void CheckIndex();

  // Moves all of them, by compare-and-set. False where one is not where its move begins: another
  // sink was faster. What a lost response had moved already is as wanted. Goes on after a signal,
  // as the documents are in. Throws TaskError.
  bool Move(const std::vector<PositionMove>& moves);

 private:
  // A document as it was last seen.
  struct Seen {
    std::optional<SinkPosition> position;
    std::int64_t seq_no = 0;
    std::int64_t primary_term = 0;
  };

  void Look(const std::vector<KafkaPartition>& partitions);
  bool IsSeen(const PositionMove& move) const;
  bool Set(const std::vector<PositionMove>& moves);
  std::string Lines(const PositionMove& move) const;
  [[noreturn]] void Fail(ExitCode code, const std::string& cause) const;

  const std::string index_;
  RestClient& client_;
  IndexGuard& guard_;
  BulkResponseParser parser_;
  std::map<std::pair<std::string, std::int32_t>, Seen> seen_;
};

}  // namespace steamflow
