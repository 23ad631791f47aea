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
// A call may fail because of one id. So, once all has been asked for, the batches that have failed
// are asked for again in halves, then quarters, down to the id that fails alone; those that took
// too long id by id, as there is no time for more. An outage is not mistaken for broken ids: where
// too few calls have succeeded to tell, ids elsewhere are asked for as well (witnesses), and when
// these fail the search ends.
class PlayerBatches {
 public:
  struct Response {
    std::uint64_t item = 0;  // of the first id asked for
    // For each id in the order of the run: what the API sent, or null where it sent nothing.
    std::vector<const steam_api::Player*> players;
    std::vector<std::string_view> without_id;  // objects that cannot be matched to an id
    std::string_view body;
  };

  // The references must outlive this.
  PlayerBatches(const Walk& walk, const std::string& api_url, steam_api::Parser& parser,
                std::function<void(const Response&)> on_response);

  // The next batch, if there is one to ask for now.
  std::optional<Fetch> Next();
  bool is_idle() const { return in_flight_ == 0 && !witnesses_.is_asked(); }

  // What became of the calls, once there is nothing more to ask for.
  MethodCalls TakeCalls();

 private:
  struct Batch {
    std::uint64_t item = 0;
    std::uint64_t size = 0;
    bool is_part = false;  // of one that has failed
  };
  Fetch MakeFetch(const Batch& batch);
  steam_api::Parser::Parsed<steam_api::Players> Parse(HttpResponse& response);
  tl::expected<void, std::string> Accept(const Batch& batch, HttpResponse& response);
  void OnFailure(const Batch& batch, const FetchFailure& failure);
  std::optional<Fetch> NextOfSearch();

  const Walk& walk_;
  const std::string api_url_;
  steam_api::Parser& parser_;
  const std::function<void(const Response&)> on_response_;
  std::uint64_t next_item_ = 0;
  std::size_t in_flight_ = 0;
  std::deque<Batch> parts_;                             // to be asked for
  std::vector<std::pair<Batch, FetchFailure>> failed_;  // of more than one id
  MethodCalls calls_;
  Witnesses witnesses_;
};

}  // namespace steamflow
