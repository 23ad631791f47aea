#include "api_probe.h"

#include <fmt/format.h>

#include <utility>

#include "steam_urls.h"

namespace steamflow {
namespace {
constexpr std::chrono::seconds kLongest(10);
}

ApiProbe::ApiProbe(Run& run, const std::string& api_key, CallBudget* budget)
    : run_(run), fetcher_(run, api_key, budget) {}

// Removes the section that the fetcher has added to the result, because only sources have it.
ApiProbe::~ApiProbe() {
  run_.result.source.reset();
}

void ApiProbe::AskPlayerCount(const std::string& api_url, std::uint32_t appid) {
  Ask({.url = steam_api::PlayerCountUrl(api_url, appid),
       .accept = [&](HttpResponse& response) -> tl::expected<void, std::string> {
         return parser_.ParsePlayerCount(response.body).map([](const auto&) {});
       }});
}

void ApiProbe::AskProfile(const std::string& api_url) {
  Ask({.url = steam_api::PlayerSummariesUrl(api_url, {steam_api::kLowestId}),
       .keyed_calls = 1,
       .accept = [&](HttpResponse& response) -> tl::expected<void, std::string> {
         return parser_.ParsePlayers(response.body).map([](const auto&) {});
       }});
}

void ApiProbe::Ask(Fetch fetch) {
  std::optional<std::string> failed;
  fetch.fail = [&](const FetchFailure& failure) { failed = failure.message; };
  std::optional<Fetch> todo = std::move(fetch);
  const auto until = Clock::now() + kLongest;
  const FetchEnd end = fetcher_.FetchAll(
      [&] { return std::exchange(todo, std::nullopt); },
      [&] {
        if (Clock::now() < until) return;
        throw TaskError(ExitCode::kTransient, fmt::format("no response in {} s", kLongest.count()));
      });
  if (end.error) throw *end.error;
  if (failed) throw TaskError(ExitCode::kTransient, *failed);
  if (end.reason == FetchEnd::Reason::kBudgetSpent) {
    throw TaskError(ExitCode::kTransient,
                    "the call budget of today is used up (STEAM_DAILY_CALL_BUDGET)");
  }
  if (end.reason == FetchEnd::Reason::kStopped) {
    throw TaskError(ExitCode::kTransient, "no response before the deadline");
  }
}

}  // namespace steamflow
