#pragma once

#include <cstdint>
#include <string>

#include "call_budget.h"
#include "fetcher.h"
#include "run.h"
#include "steam_api.h"

namespace steamflow {

// Single calls of the API, with the retries of any call, that tell whether it would work. A call
// takes 10 s at most, and throws TaskError as a source would end, but kTransient where the call
// budget is used up.
class ApiProbe {
 public:
  // `budget` may be null (no limit), `api_key` empty. The references must outlive this.
  ApiProbe(Run& run, const std::string& api_key, CallBudget* budget);
  ~ApiProbe();
  ApiProbe(const ApiProbe&) = delete;
  ApiProbe& operator=(const ApiProbe&) = delete;

  // Without the key: the number of players of an app.
  void AskPlayerCount(const std::string& api_url, std::uint32_t appid);
  // With the key: one profile. Costs a call of the budget, and one more for each retry.
  void AskProfile(const std::string& api_url);

 private:
  void Ask(Fetch fetch);

  Run& run_;
  Fetcher fetcher_;
  steam_api::Parser parser_;
};

}  // namespace steamflow
