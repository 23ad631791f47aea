#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fetcher.h"
#include "steam_api.h"
#include "walk_failures.h"

namespace steamflow {

// Asks GetPlayerSummaries for the ids of a walk, 100 a call.
//
// A call that fails may do so because of one id. Where the batch has failed in four runs before, it
// is split: its halves are asked for, and so on down to the id that fails alone. Halves are split
// further only once some call of the run has succeeded, so that an outage is not mistaken for a
// broken id.
class PlayerBatches {
 public:
  struct Response {
    std::uint64_t item = 0;  // of the first id asked for
    // For each id in the order of the walk: what the API sent, or null where it sent nothing.
    std::vector<const steam_api::Player*> players;
    std::vector<std::string_view> without_id;  // objects that cannot be matched to an id
    std::string_view body;
  };

  // The references must outlive this.
  PlayerBatches(const Walk& walk, const std::string& api_url, steam_api::Parser& parser,
                std::function<void(const Response&)> on_response);

  // The next batch, if there is one to ask for now.
  std::optional<Fetch> Next();

  const MethodCalls& calls() const { return calls_; }
  // What has failed; halves that wait for a success are failures too once the run is over.
  std::vector<FailedItems> TakeFailures();

 private:
  struct Batch {
    std::uint64_t item = 0;
    std::uint64_t size = 0;
    bool is_part = false;  // of a batch that was split
  };
  Fetch MakeFetch(const Batch& batch);
  tl::expected<void, std::string> Accept(const Batch& batch, std::string& body);
  void OnFailure(const Batch& batch, const FetchFailure& failure);
  void Split(const Batch& batch);

  const Walk& walk_;
  const std::string api_url_;
  steam_api::Parser& parser_;
  const std::function<void(const Response&)> on_response_;
  std::uint64_t next_item_ = 0;
  std::size_t in_flight_ = 0;
  std::deque<Batch> parts_;                              // to be asked for
  std::vector<std::pair<Batch, FetchFailure>> waiting_;  // failed parts, until a call succeeds
  std::vector<FailedItems> failures_;
  MethodCalls calls_;
};

}  // namespace steamflow
