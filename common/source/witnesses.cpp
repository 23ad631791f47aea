#include "witnesses.h"

#include <fmt/format.h>

namespace steamflow {
namespace {
// The most witnesses that are worth asking. The API counts as working if nine of ten calls succeed;
// if more successes than this are missing, the API is down, or the run makes enough calls of its
// own.
constexpr std::uint64_t kMost = 40;
}  // namespace

Witnesses::Witnesses(const Walk& walk, MethodCalls& calls,
                     std::function<std::string(std::uint64_t id)> url_of,
                     std::function<tl::expected<void, std::string>(HttpResponse&)> check)
    : walk_(walk), calls_(calls), url_of_(std::move(url_of)), check_(std::move(check)) {}

bool Witnesses::IsWanted() const {
  return walk_.failures().are_kept() && !tell_of_outage() && !calls_.AreWell() &&
         calls_.succeeded + kMost >= 9 * calls_.failed.size();
}

Fetch Witnesses::Ask() {
  is_asked_ = true;
  Fetch fetch;
  const std::uint64_t id = walk_.WitnessId(number_++);
  fetch.url = url_of_(id);
  fetch.item = fmt::format("id {}, asked to see whether the API works", id);
  fetch.keyed_calls = 1;
  fetch.most_timeouts = 1;
  fetch.accept = [this](HttpResponse& response) -> tl::expected<void, std::string> {
    auto checked = check_(response);
    if (!checked) return checked;
    is_asked_ = false;
    ++calls_.succeeded;
    return checked;
  };
  fetch.fail = [this](const FetchFailure&) {
    is_asked_ = false;
    ++failures_;
  };
  return fetch;
}

}  // namespace steamflow
