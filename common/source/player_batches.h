#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fetcher.h"
#include "steam_api.h"
#include "walk.h"
#include "walk_end.h"
#include "witnesses.h"

namespace steamflow {

// Asks GetPlayerSummaries for the ids of a run, 100 a call.
//
// A call may fail because of one id. So, once all ids have been asked for, the failed batches are
// asked for again in halves, then quarters, down to the single id that fails. Batches that timed
// out are asked for id by id at once, because there is no time for more rounds. To tell an outage
// from broken ids when too few calls have succeeded, ids far from the run's own are asked for as
// well (see Witnesses); if those fail too, the search ends.
class PlayerBatches {
 public:
  struct Response {
    std::uint64_t item = 0;  // the item of the first id in the batch
    // What the API sent for each id, in the order of the run; null for an id that is not in the
    // response.
    std::vector<const steam_api::Player*> players;
    std::vector<std::string_view> without_id;  // objects that have no usable id
    std::string_view body;
  };

  // `walk` and `parser` must outlive this object. What `on_response` gets is valid only during the
  // call.
  PlayerBatches(const Walk& walk, const std::string& api_url, steam_api::Parser& parser,
                std::function<void(const Response&)> on_response);

  // Returns the next batch to ask for, or nullopt if there is none now. A response under way may
  // still lead to more batches.
  std::optional<Fetch> Next();
  bool is_idle() const { return in_flight_ == 0 && !witnesses_.is_asked(); }

  // Moves out what became of the calls. Call this once, after the run has asked for everything.
  MethodCalls TakeCalls();

 private:
  struct Batch {
    std::uint64_t item = 0;
    std::uint64_t size = 0;
    bool is_part = false;  // part of a batch that has failed
  };
  // Makes the call for a batch. Its callbacks are Accept() and OnFailure().
  Fetch MakeFetch(const Batch& batch);
  // Parses a response. An empty one is an error if its headers report one (eresult.h).
  steam_api::Parser::Parsed<steam_api::Players> Parse(HttpResponse& response);
  // Rejects the response to another request, which would make existing accounts look absent.
  tl::expected<void, std::string> Accept(const Batch& batch, HttpResponse& response);
  void OnFailure(const Batch& batch, const FetchFailure& failure);
  // Returns the next call of the search for broken ids, once all batches were asked for.
  std::optional<Fetch> NextOfSearch();

  const Walk& walk_;
  const std::string api_url_;
  steam_api::Parser& parser_;
  const std::function<void(const Response&)> on_response_;
  std::uint64_t next_item_ = 0;
  std::size_t in_flight_ = 0;
  std::deque<Batch> parts_;                             // parts of failed batches, to be asked for
  std::vector<std::pair<Batch, FetchFailure>> failed_;  // failed batches of more than one id
  MethodCalls calls_;
  Witnesses witnesses_;
};

}  // namespace steamflow
