#include "connection_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "ascii_case.h"
#include "parse_number.h"

namespace steamflow {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Percent-decodes as Python's urllib.parse.unquote does: an invalid escape stays as it is.
std::string Unquote(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Decodes a query in form encoding, where + stands for a space.
std::string UnquotePlus(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return Unquote(spaced);
}

// A value, or a description of what is wrong with the text.
template <typename Value>
using Parsed = tl::expected<Value, std::string>;

Parsed<int> ParsePort(std::string_view text) {
  const auto port = ParseNumber<int>(text);
  if (port && *port >= 0 && *port <= 65535) return *port;
  return tl::unexpected<std::string>("the port is not a number from 0 to 65535");
}

// Normalizes a connection type as Airflow stores it: "postgresql" as postgres, and "google-cloud"
// as google_cloud.
std::string NormalType(std::string type) {
  if (type == "postgresql") return "postgres";
  std::replace(type.begin(), type.end(), '-', '_');
  return type;
}

Parsed<std::vector<JsonField>> ParseExtra(std::string_view json) {
  return ParseJsonObject(json).map_error(
      [](const std::string& error) { return "extra is " + error; });
}

Parsed<std::vector<JsonField>> ParseQuery(std::string_view query) {
  std::vector<JsonField> extra;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const std::string name = UnquotePlus(pair.substr(0, equals));
    const std::string value =
        equals == std::string_view::npos ? "" : UnquotePlus(pair.substr(equals + 1));
    if (name == "__extra__") return ParseExtra(value);
    const auto same = std::find_if(extra.begin(), extra.end(),
                                   [&](const JsonField& field) { return field.name == name; });
    if (same != extra.end()) {
      same->value = value;  // the last one wins, as in Python's dict
    } else {
      extra.push_back({name, JsonField::Type::kString, value});
    }
  }
  return extra;
}

// Sets login, password, host and port from "user:password@host:port". Each part is percent-encoded;
// the host may be an [IPv6] address.
Parsed<void> ParseAuthority(std::string_view authority, Connection& connection) {
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    const auto colon = user.find(':');
    connection.login = Unquote(user.substr(0, colon));
    if (colon != std::string_view::npos) connection.password = Unquote(user.substr(colon + 1));
    authority.remove_prefix(at + 1);
  }
  if (!authority.empty() && authority[0] == '[') {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) {
      return tl::unexpected<std::string>("the IPv6 host has no ]");
    }
    connection.host = std::string(authority.substr(1, close - 1));
    authority.remove_prefix(close + 1);
    if (!authority.empty() && authority[0] != ':') {
      return tl::unexpected<std::string>("something other than a port follows the IPv6 host");
    }
  } else {
    const auto colon = std::min(authority.rfind(':'), authority.size());
    connection.host = Unquote(AsciiLower(std::string(authority.substr(0, colon))));
    authority.remove_prefix(colon);
  }
  if (authority.size() < 2) return {};
  const auto port = ParsePort(authority.substr(1));
  if (!port) return tl::unexpected(port.error());
  connection.port = *port;
  return {};
}

Parsed<Connection> ParseUri(std::string_view uri) {
  const auto scheme_end = uri.find("://");
  if (scheme_end == std::string_view::npos || scheme_end == 0) {
    return tl::unexpected<std::string>(
        "it is neither JSON nor a URI such as type://login:password@host:1");
  }
  Connection connection;
  connection.type = NormalType(AsciiLower(std::string(uri.substr(0, scheme_end))));
  uri.remove_prefix(scheme_end + 3);

  // A fragment has no meaning here. Airflow's parser drops it too.
  uri = uri.substr(0, uri.find('#'));
  const auto query = uri.find('?');
  if (query != std::string_view::npos) {
    auto extra = ParseQuery(uri.substr(query + 1));
    if (!extra) return tl::unexpected(std::move(extra.error()));
    connection.extra = *std::move(extra);
    uri = uri.substr(0, query);
  }
  // Airflow writes a host that has a protocol of its own as http://https://host/.
  std::string protocol;
  const auto second = uri.find("://");
  if (second != std::string_view::npos && uri.find_first_of("/@:") == second) {
    protocol = std::string(uri.substr(0, second + 3));
    uri.remove_prefix(second + 3);
  }
  const auto slash = uri.find('/');
  if (slash != std::string_view::npos) {
    connection.schema = Unquote(uri.substr(slash + 1));
    uri = uri.substr(0, slash);
  }
  if (auto parsed = ParseAuthority(uri, connection); !parsed) {
    return tl::unexpected(std::move(parsed.error()));
  }
  connection.host = protocol + connection.host;
  return connection;
}

// Sets the part of the connection that one field of the JSON form describes.
Parsed<void> AddField(const JsonField& field, Connection& connection) {
  const std::map<std::string_view, std::string*> texts = {{"conn_type", &connection.type},
                                                          {"login", &connection.login},
                                                          {"password", &connection.password},
                                                          {"host", &connection.host},
                                                          {"schema", &connection.schema}};
  const auto text = texts.find(field.name);
  const bool is_port = field.name == "port";
  if (field.type == JsonField::Type::kNull) {
    if (text != texts.end()) text->second->clear();  // the last one wins
    return {};
  }
  if (field.name == "extra" && !field.value.empty()) {
    auto extra = ParseExtra(field.value);
    if (!extra) return tl::unexpected(std::move(extra.error()));
    connection.extra = *std::move(extra);
  }
  if (text == texts.end() && !is_port) return {};
  if (field.type == JsonField::Type::kObject || field.type == JsonField::Type::kArray) {
    return tl::unexpected(field.name + " must be a string");
  }
  if (text != texts.end()) *text->second = field.value;
  if (is_port && !field.value.empty()) {
    const auto port = ParsePort(field.value);
    if (!port) return tl::unexpected(port.error());
    connection.port = *port;
  }
  return {};
}

Parsed<Connection> ParseJson(std::string_view json) {
  const auto fields = ParseJsonObject(json);
  if (!fields) return tl::unexpected("it is " + fields.error());
  Connection connection;
  for (const JsonField& field : *fields) {
    if (auto added = AddField(field, connection); !added) {
      return tl::unexpected(std::move(added.error()));
    }
  }
  connection.type = NormalType(connection.type);
  return connection;
}

// Rejects texts that a C library would silently cut short: at a NUL, or in the host at a blank.
Parsed<Connection> Checked(Connection connection) {
  std::vector<std::pair<std::string_view, std::string_view>> texts = {
      {"type", connection.type},     {"login", connection.login}, {"password", connection.password},
      {"schema", connection.schema}, {"host", connection.host},
  };
  for (const JsonField& field : connection.extra) {
    texts.emplace_back("the name of an extra", field.name);
    texts.emplace_back("an extra", field.value);
  }
  for (const auto& [name, text] : texts) {
    if (text.find('\0') != std::string_view::npos) {
      return tl::unexpected(fmt::format("{} holds a NUL", name));
    }
  }
  const bool has_blank = std::any_of(connection.host.begin(), connection.host.end(),
                                     [](unsigned char c) { return c <= ' ' || c == 0x7f; });
  if (has_blank) return tl::unexpected<std::string>("the host holds a blank or control character");
  return connection;
}

}  // namespace

const JsonField* Connection::Extra(std::string_view name) const {
  return FindField(extra, name);
}

tl::expected<Connection, std::string> ParseConnection(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return tl::unexpected<std::string>("it is empty");
  text = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  return (text[0] == '{' ? ParseJson(text) : ParseUri(text)).and_then(Checked);
}

}  // namespace steamflow
