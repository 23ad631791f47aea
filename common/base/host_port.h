#pragma once

#include <optional>
#include <string_view>

namespace steamflow {

struct HostPort {
  std::string_view host;  // an IPv6 address without its brackets
  std::optional<int> port;
};

// Splits "host", "host:port" or "[IPv6]:port" (RFC 3986, 3.2, without a login). Returns nothing
// where the host is empty or has a character that no host name has, or the port is not a number
// from 1 to 65535. The views point into `text`.
std::optional<HostPort> ParseHostPort(std::string_view text);

}  // namespace steamflow
