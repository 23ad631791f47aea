#pragma once

#include <functional>
#include <string>

#include "fetcher.h"
#include "walk.h"
#include "walk_end.h"

namespace steamflow {

// Calls an API method for ids that lie far from the run's own, one at a time. When only few calls
// have succeeded and one has failed, these calls show whether the id is broken or the API is down.
// Their responses are checked and discarded.
class Witnesses {
 public:
  // `url_of` returns the address of the call for an id; `check` returns an error if the response is
  // not what the API sends. A successful call is added to `calls`. `walk` and `calls` must outlive
  // this object.
  Witnesses(const Walk& walk, MethodCalls& calls,
            std::function<std::string(std::uint64_t id)> url_of,
            std::function<tl::expected<void, std::string>(HttpResponse&)> check);

  bool is_asked() const { return is_asked_; }  // whether a call is under way
  bool tell_of_outage() const { return failures_ > kMostFailures; }

  // Returns whether another call is useful: the run counts failures of ids (FailureCounts), more
  // than a tenth of its calls have failed, and a few more successes would show that the API works.
  bool IsWanted() const;
  // Returns the next call. At most one may be under way at a time.
  Fetch Ask();

 private:
  // One failure is allowed, because a witness may itself be a broken id.
  static constexpr unsigned kMostFailures = 1;

  const Walk& walk_;
  MethodCalls& calls_;
  const std::function<std::string(std::uint64_t id)> url_of_;
  const std::function<tl::expected<void, std::string>(HttpResponse&)> check_;
  // How many witnesses were asked; each is another id.
  std::uint64_t number_ = 0;
  bool is_asked_ = false;
  unsigned failures_ = 0;
};

}  // namespace steamflow
