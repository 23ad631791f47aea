#pragma once

#include <chrono>
#include <map>
#include <string>

#include "steam_standin/accounts.h"
#include "steam_standin/api_call.h"
#include "steam_standin/fault.h"

namespace steamflow::standin {

/// How the bytes of a response travel.
enum class Delivery { kWhole, kCutLength, kCutChunked, kCutClose, kTrickle, kSilence };

struct Response {
  int status = 200;
  std::string content_type = "application/json; charset=UTF-8";
  std::map<std::string, std::string> headers = {};
  std::string body = {};
  Delivery delivery = Delivery::kWhole;
  std::chrono::milliseconds pause{0};  // between the bytes of a trickle
};

/// A short HTML page, as Steam answers errors.
Response ErrorPage(int status, const std::string& title, const std::string& text);

/// The page for a missing or wrong key; `status` is 401 or 403.
Response KeyRefused(int status);

/// The right response to a call whose key is in order.
Response ResponseTo(const ApiCall& call, const Accounts& accounts);

/// What the fault makes of the right response.
Response Spoil(Response response, const Fault& fault);

}  // namespace steamflow::standin
