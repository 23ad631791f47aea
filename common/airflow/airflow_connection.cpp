#include "airflow_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "environment.h"
#include "parse_number.h"
#include "task_error.h"

namespace steamflow {
namespace {

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Percent-decoding as Python's urllib.parse.unquote does it: a broken escape stays as it is.
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

// Form-decoding of a query: + is a space.
std::string UnquotePlus(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return Unquote(spaced);
}

int ParsePort(std::string_view text) {
  const auto port = ParseNumber<int>(text);
  if (!port || *port < 0 || *port > 65535) {
    throw std::invalid_argument("the port is not a number from 0 to 65535");
  }
  return *port;
}

// Airflow stores the type of "postgresql://" as postgres and of "google-cloud://" as google_cloud.
std::string NormalType(std::string type) {
  if (type == "postgresql") return "postgres";
  std::replace(type.begin(), type.end(), '-', '_');
  return type;
}

std::vector<JsonField> ParseExtra(std::string_view json) {
  auto fields = ParseJsonObject(json);
  if (!fields) throw std::invalid_argument("extra is " + fields.error());
  return std::move(*fields);
}

std::vector<JsonField> ParseQuery(std::string_view query) {
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
      same->value = value;  // the last one counts, as in Python's dict
    } else {
      extra.push_back({name, JsonField::Type::kString, value});
    }
  }
  return extra;
}

// "user:password@host:port", each part percent-encoded; the host may be [IPv6].
void ParseAuthority(std::string_view authority, Connection& connection) {
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
    if (close == std::string_view::npos) throw std::invalid_argument("the IPv6 host has no ]");
    connection.host = std::string(authority.substr(1, close - 1));
    authority.remove_prefix(close + 1);
    if (!authority.empty() && authority[0] != ':') {
      throw std::invalid_argument("something other than a port follows the IPv6 host");
    }
    if (authority.size() > 1) connection.port = ParsePort(authority.substr(1));
    return;
  }
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && colon + 1 < authority.size()) {
    connection.port = ParsePort(authority.substr(colon + 1));
  }
  connection.host = Unquote(Lower(std::string(authority.substr(0, colon))));
}

Connection ParseUri(std::string_view uri) {
  const auto scheme_end = uri.find("://");
  if (scheme_end == std::string_view::npos || scheme_end == 0) {
    throw std::invalid_argument(
        "it is neither JSON nor a URI such as type://login:password@host:1");
  }
  Connection connection;
  connection.type = NormalType(Lower(std::string(uri.substr(0, scheme_end))));
  uri.remove_prefix(scheme_end + 3);

  // A fragment has no meaning here; Airflow's parser drops it as well.
  uri = uri.substr(0, uri.find('#'));
  const auto query = uri.find('?');
  if (query != std::string_view::npos) {
    connection.extra = ParseQuery(uri.substr(query + 1));
    uri = uri.substr(0, query);
  }
  // Airflow's form of a host with a protocol of its own: http://https://host/.
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
  ParseAuthority(uri, connection);
  connection.host = protocol + connection.host;
  return connection;
}

std::string TextField(const JsonField& field) {
  if (field.type == JsonField::Type::kNull) return "";
  if (field.type == JsonField::Type::kObject || field.type == JsonField::Type::kArray) {
    throw std::invalid_argument(fmt::format("{} must be a string", field.name));
  }
  return field.value;
}

Connection ParseJson(std::string_view json) {
  auto fields = ParseJsonObject(json);
  if (!fields) throw std::invalid_argument("it is " + fields.error());
  Connection connection;
  for (const JsonField& field : *fields) {
    if (field.name == "conn_type") {
      connection.type = NormalType(TextField(field));
    } else if (field.name == "login") {
      connection.login = TextField(field);
    } else if (field.name == "password") {
      connection.password = TextField(field);
    } else if (field.name == "host") {
      connection.host = TextField(field);
    } else if (field.name == "schema") {
      connection.schema = TextField(field);
    } else if (field.name == "port") {
      const std::string port = TextField(field);
      if (!port.empty()) connection.port = ParsePort(port);
    } else if (field.name == "extra" && field.type != JsonField::Type::kNull &&
               !field.value.empty()) {
      connection.extra = ParseExtra(field.value);
    }
  }
  return connection;
}

void AddSecrets(const std::vector<JsonField>& fields, std::vector<std::string>& secrets) {
  for (const JsonField& field : fields) {
    if (IsSecretName(field.name) && !field.value.empty()) secrets.push_back(field.value);
    if (field.type != JsonField::Type::kObject) continue;
    if (const auto inner = ParseJsonObject(field.value)) AddSecrets(*inner, secrets);
  }
}

}  // namespace

const JsonField* Connection::Extra(std::string_view name) const {
  // The last one counts, as in Python's dict.
  const auto last = std::find_if(extra.rbegin(), extra.rend(),
                                 [&](const JsonField& field) { return field.name == name; });
  return last == extra.rend() ? nullptr : &*last;
}

Connection ParseConnection(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) throw std::invalid_argument("it is empty");
  text = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  return text[0] == '{' ? ParseJson(text) : ParseUri(text);
}

std::string ConnectionVariable(const std::string& id) {
  return "AIRFLOW_CONN_" + Upper(id);
}

std::optional<Connection> AirflowConnection(const std::string& id) {
  const std::string name = ConnectionVariable(id);
  const auto text = EnvironmentValue(name);
  if (!text) return std::nullopt;
  try {
    return ParseConnection(*text);
  } catch (const std::invalid_argument& error) {
    throw TaskError(ExitCode::kConfig, fmt::format("reading {}: {}", name, error.what()));
  }
}

Connection ConnectionFromFlag(const std::string& flag, const std::string& url) {
  try {
    Connection connection = ParseConnection(url);
    if (Secrets(connection).empty()) return connection;
  } catch (const std::invalid_argument& error) {
    throw TaskError(ExitCode::kUsage, fmt::format("{}: {}", flag, error.what()));
  }
  throw TaskError(ExitCode::kUsage,
                  fmt::format("{}: a password on a command line can be seen by every user of the "
                              "machine; give the connection in an AIRFLOW_CONN_ variable instead",
                              flag));
}

bool IsSecretName(const std::string& name) {
  const std::string lower = Lower(name);
  const auto has = [&](std::string_view word) { return lower.find(word) != std::string::npos; };
  return has("password") || has("secret") || (has("token") && !has("endpoint")) ||
         has("sasl.jaas") || has("api_key") || has("passphrase") || lower == "ssl.key.pem";
}

std::vector<std::string> Secrets(const Connection& connection) {
  std::vector<std::string> secrets;
  if (!connection.password.empty()) secrets.push_back(connection.password);
  AddSecrets(connection.extra, secrets);
  return secrets;
}

}  // namespace steamflow
