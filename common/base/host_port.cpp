#include "host_port.h"

#include <algorithm>

#include "parse_number.h"

namespace steamflow {
namespace {

bool IsLetterOrDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Resolvers and /etc/hosts also accept underscores and names in UTF-8.
bool IsOfHostName(char c) {
  return IsLetterOrDigit(c) || c == '.' || c == '-' || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// A zone index may follow the address: fe80::1%eth0.
bool IsOfIpv6(char c) {
  return IsLetterOrDigit(c) || c == ':' || c == '.' || c == '%';
}

}  // namespace

std::optional<HostPort> ParseHostPort(std::string_view text) {
  const bool is_ipv6 = text.starts_with('[');
  const auto end = is_ipv6 ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return std::nullopt;
  HostPort parsed{.host = text.substr(is_ipv6, end - is_ipv6), .port = std::nullopt};
  if (parsed.host.empty() ||
      !std::all_of(parsed.host.begin(), parsed.host.end(), is_ipv6 ? IsOfIpv6 : IsOfHostName)) {
    return std::nullopt;
  }
  text.remove_prefix(end + is_ipv6);
  if (text.empty()) return parsed;
  parsed.port = text[0] == ':' ? ParseNumber<int>(text.substr(1)) : std::nullopt;
  const bool is_port = parsed.port && *parsed.port >= 1 && *parsed.port <= 65535;
  return is_port ? std::optional(parsed) : std::nullopt;
}

}  // namespace steamflow
