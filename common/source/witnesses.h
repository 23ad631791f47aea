#pragma once

#include <functional>
#include <string>

#include "fetcher.h"
#include "walk.h"
#include "walk_end.h"

namespace steamflow {

// Calls of an API method for ids elsewhere, one at a time. Where few calls are made and one fails,
// they tell a broken id from an API that is not well; what they answer is for nobody.
class Witnesses {
 public:
  // The references must outlive this. `url_of` gives the call for an id, `check` says what is wrong
  // with its response.
  Witnesses(const Walk& walk, MethodCalls& calls,
            std::function<std::string(std::uint64_t id)> url_of,
            std::function<tl::expected<void, std::string>(HttpResponse&)> check);

  bool is_asked() const { return is_asked_; }  // and has not answered
  bool tell_of_outage() const { return failures_ > kMostFailures; }

  // Whether calls have failed whose counts are kept, and one more may show that the API is well.
  bool IsWanted() const;
  // The next one's call; its success is one of the method.
  Fetch Ask();

 private:
  // A witness may itself be a broken id.
  static constexpr unsigned kMostFailures = 1;

  const Walk& walk_;
  MethodCalls& calls_;
  const std::function<std::string(std::uint64_t id)> url_of_;
  const std::function<tl::expected<void, std::string>(HttpResponse&)> check_;
  std::uint64_t number_ = 0;
  bool is_asked_ = false;
  unsigned failures_ = 0;
};

}  // namespace steamflow
