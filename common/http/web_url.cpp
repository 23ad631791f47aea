#include "web_url.h"

#include <fmt/format.h>

#include <algorithm>

#include "host_port.h"

namespace steamflow {
namespace {

// Returns the "host:port" of "http://host:port/path".
std::string_view AuthorityOf(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  return url.substr(0, url.find_first_of("/?#"));
}

// Returns the URL for a message. Its login and its query are left out, because they can be secrets.
std::string WithoutSecrets(const std::string& url) {
  if (url.find('@') != std::string::npos) return "(with a login)";
  const auto query = url.find_first_of("?#");
  return query == std::string::npos ? url : url.substr(0, query + 1) + "...";
}

std::string_view HostOf(std::string_view url) {
  const std::string_view authority = AuthorityOf(url);
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

}  // namespace

std::string CheckWebUrl(const Setting& setting, bool allow_http, std::string_view what,
                        std::string_view example) {
  std::string url = setting.value;
  while (!url.empty() && url.back() == '/') url.pop_back();
  const bool is_http = url.starts_with("http://");
  const bool is_clean =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c <= '~'; });
  if ((!is_http && !url.starts_with("https://")) || !is_clean || !ParseHostPort(AuthorityOf(url)) ||
      url.find_first_of("?#@") != std::string::npos) {
    throw TaskError(setting.if_invalid, fmt::format("{}: '{}' is not an address such as {}",
                                                    setting.source, WithoutSecrets(url), example));
  }
  if (is_http && !allow_http && !IsOnLoopback(url)) {
    throw TaskError(setting.if_invalid,
                    fmt::format("{}: plain http to another machine would show {} to the network; "
                                "use https, or --allow-http",
                                setting.source, what));
  }
  return url;
}

bool IsOnLoopback(std::string_view url) {
  const std::string_view host = HostOf(url);
  const bool is_ipv4 = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || (is_ipv4 && host.starts_with("127."));
}

}  // namespace steamflow
