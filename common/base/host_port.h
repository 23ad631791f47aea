#pragma once

#include <optional>
#include <string_view>

namespace steamflow {

// A host and its optional port; see ParseHostPort().
struct HostPort {
  std::string_view host;  // an IPv6 address without its brackets
  std::optional<int> port;
};

// Splits "host", "host:port" or "[IPv6]:port" (RFC 3986, section 3.2, without user information).
// Returns nullopt if the host is empty or contains a character that no host name has, or if the
// port is not a number from 1 to 65535. The views point into `text`.
std::optional<HostPort> ParseHostPort(std::string_view text);

}  // namespace steamflow
