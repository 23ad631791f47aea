#include "rest_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "web_url.h"

namespace steamflow {
namespace {

bool IsHttp(std::string_view text) {
  return text == "http" || text == "https";
}

// Returns the protocol that the connection names, or an empty string if it names none. Airflow
// allows it in several places; the schema takes precedence over the host and the type.
std::string Protocol(const ConnectionSetting& setting, const RestKind& kind) {
  const auto& [connection, source, if_invalid] = setting;
  const bool is_kind =
      std::find(kind.types.begin(), kind.types.end(), connection.type) != kind.types.end();
  if (!IsHttp(connection.type) && !is_kind) {
    throw TaskError(if_invalid,
                    fmt::format("{}: '{}' is not a connection type of {} (example: {})", source,
                                connection.type, kind.connection.name, kind.connection.example));
  }
  if (!connection.schema.empty()) {
    if (IsHttp(connection.schema)) return connection.schema;
    throw TaskError(if_invalid, fmt::format("{}: the schema (the path of the URI) is http or "
                                            "https, not '{}'",
                                            source, connection.schema));
  }
  const auto in_host = connection.host.find("://");
  if (in_host != std::string::npos) return connection.host.substr(0, in_host);
  return IsHttp(connection.type) ? connection.type : "";
}

}  // namespace

RestServer ServerOf(const ConnectionSetting& setting, const RestKind& kind, bool allow_http) {
  const auto& [connection, source, if_invalid] = setting;
  std::string protocol = Protocol(setting, kind);
  const auto in_host = connection.host.find("://");
  std::string host =
      in_host == std::string::npos ? connection.host : connection.host.substr(in_host + 3);
  if (host.empty()) {
    throw TaskError(if_invalid,
                    fmt::format("{}: it names no host ({})", source, kind.connection.example));
  }
  const auto colons = std::count(host.begin(), host.end(), ':');
  if (colons > 1 && !host.starts_with('[')) host = "[" + host + "]";
  if (protocol.empty()) protocol = IsOnLoopback("http://" + host) ? "http" : "https";

  std::string url = protocol + "://" + host;
  if (connection.port) {
    url += fmt::format(":{}", *connection.port);
  } else if (!IsHttp(connection.type) && colons != 1) {
    url += fmt::format(":{}", kind.port);
  }
  return {
      .source = source,
      .url = CheckWebUrl({url, source, if_invalid}, allow_http, kind.data, kind.connection.example),
      .user = connection.login,
      .password = connection.password};
}

}  // namespace steamflow
