#pragma once

#include <chrono>
#include <map>
#include <string>

#include "steam_standin/accounts.h"
#include "steam_standin/api_call.h"
#include "steam_standin/fault.h"

namespace steamflow::standin {

/// How the bytes of a response are sent.
enum class Delivery { kWhole, kCutLength, kCutChunked, kCutClose, kTrickle, kSilence };

struct Response {
  int status = 200;
  std::string content_type = "application/json; charset=UTF-8";
  std::map<std::string, std::string> headers = {};
  std::string body = {};
  Delivery delivery = Delivery::kWhole;
  std::chrono::milliseconds pause{0};  // between the bytes of kTrickle
};

/// Returns a short HTML page like those that Steam sends for errors.
Response ErrorPage(int status, const std::string& title, const std::string& text);

/// Returns the page for a missing or wrong key; `status` is 401 or 403.
Response KeyRefused(int status);

/// Returns the correct response to a call whose key is accepted.
Response ResponseTo(const ApiCall& call, const Accounts& accounts);

/// Returns the correct response as the fault changes it.
Response Spoil(Response response, const Fault& fault);

}  // namespace steamflow::standin
