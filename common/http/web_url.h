#pragma once

#include <string>
#include <string_view>

#include "airflow_variable.h"

namespace steamflow {

// Validates the address of a web service and returns it without trailing slashes. It must be http
// or https and have a host, but no login, query, blank or control character. `what` is the data
// that plain http would expose ("the API key") and `example` is a valid address; both are for
// messages. Throws TaskError (`setting.if_invalid`) if the address is invalid, or if it is plain
// http to another machine and `allow_http` is false.
//
// curl_url() is not used because it corrects addresses that should be rejected: it turns
// https:///path into the host "path".
std::string CheckWebUrl(const Setting& setting, bool allow_http, std::string_view what,
                        std::string_view example);

// Returns whether the host of the address (scheme://host...) is this machine.
bool IsOnLoopback(std::string_view url);

}  // namespace steamflow
