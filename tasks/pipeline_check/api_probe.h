#pragma once

#include <cstdint>
#include <string>

#include "call_budget.h"
#include "fetcher.h"
#include "run.h"
#include "steam_api.h"

namespace steamflow {

// Makes single calls to the API, with the usual retries, to find out whether a source would work.
// Each call takes at most 10 s. It throws the TaskError with which a source would end, except that
// a used-up call budget is kTransient.
class ApiProbe {
 public:
  // `budget` may be null, which means no limit; `api_key` may be empty. `run` and `budget` must
  // outlive this object.
  ApiProbe(Run& run, const std::string& api_key, CallBudget* budget);
  // Removes the section `source` that the fetcher has added to the result, because this is no
  // source.
  ~ApiProbe();
  ApiProbe(const ApiProbe&) = delete;
  ApiProbe& operator=(const ApiProbe&) = delete;

  // Asks for the number of players of an app, without the key.
  void AskPlayerCount(const std::string& api_url, std::uint32_t appid);
  // Asks for one profile, with the key. Costs a call of the budget, and one more for each retry.
  void AskProfile(const std::string& api_url);

 private:
  // Makes the call, and throws the error with which it ended, if any.
  void Ask(Fetch fetch);

  Run& run_;
  // Shared by all calls, so that they reuse one connection and obey the same Retry-After.
  Fetcher fetcher_;
  steam_api::Parser parser_;
};

}  // namespace steamflow
