#pragma once

#include <string>
#include <string_view>

#include "airflow_variable.h"

namespace steamflow {

// The address of a web service: http or https, a host, no login, query, blank or control character.
// `what` is what plain http would show to the network ("the API key") and `example` what an address
// looks like, for messages. Returns it without slashes at its end. Throws TaskError
// (`setting.if_invalid`), also for plain http to another machine unless `allow_http`. Not by
// curl_url, which mends what it should refuse: https:///path has the host path there.
std::string CheckWebUrl(const Setting& setting, bool allow_http, std::string_view what,
                        std::string_view example);

// Whether the host of the address (scheme://host...) is this machine.
bool IsOnLoopback(std::string_view url);

}  // namespace steamflow
