#include "postgres_error.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <string_view>

namespace steamflow {
namespace {

// Removes the line breaks and blanks at the end of libpq's messages.
std::string OneSentence(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// Removes the SQLSTATE from a message and returns it, or an empty text if there is none. A failed
// connection has no field for the SQLSTATE; only the verbose message contains it:
// "FATAL:  28P01: password authentication failed for user "x"\nLOCATION:  auth_failed, auth.c:326".
std::string TakeState(std::string& message) {
  const auto is_code = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
  };
  constexpr std::size_t kSize = 5;
  for (auto at = message.find(":  "); at != std::string::npos; at = message.find(":  ", at + 1)) {
    const std::string state = message.substr(at + 3, kSize);
    if (state.size() < kSize || !is_code(state) || message.substr(at + 8, 2) != ": ") continue;
    message.erase(at + 3, kSize + 2);
    message.resize(std::min(message.size(), message.find("\nLOCATION:")));
    return state;
  }
  return "";
}

// Returns whether a message of libpq is about TLS: a certificate that is missing, unknown or for
// another host, or a server without TLS. These errors have no SQLSTATE, and unlike a lost
// connection they do not go away by themselves.
bool IsAboutTls(std::string_view message) {
  for (const char* part : {"certificate", "SSL error: ", "does not support SSL"}) {
    if (message.find(part) != std::string_view::npos) return true;
  }
  return false;
}

// Returns the exit code for an SQLSTATE: kAuth if a login or a permission was refused, kTransient
// if time or the server's operator resolves it, kInternal for a syntax error, and kConfig for
// anything else, because then the database is not set up as it should be.
ExitCode CodeOfState(std::string_view state) {
  const std::string_view kind = state.substr(0, 2);
  if (kind == "28" || state == "42501") return ExitCode::kAuth;
  if (state == "42601") return ExitCode::kInternal;  // a syntax error
  // A violation of a pool's protocol; a dropped database; a table that is not in its prerequisite
  // state.
  for (const char* lasting : {"08P01", "57P04", "55000"}) {
    if (state == lasting) return ExitCode::kConfig;
  }
  for (const char* passing : {"", "08", "25", "40", "53", "55", "57", "58", "XX"}) {
    if (kind == passing) return ExitCode::kTransient;
  }
  return ExitCode::kConfig;
}

std::string Field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text ? text : "";
}

}  // namespace

bool PostgresError::IsAboutValue() const {
  const std::string_view kind = std::string_view(state_).substr(0, 2);
  return kind == "22" || kind == "54";
}

bool PostgresError::IsDeadlock() const {
  return state_ == "40P01" || state_ == "40001";
}

PostgresError PostgresConnectionError(PGconn* connection) {
  std::string message = PQerrorMessage(connection);
  const std::string state = TakeState(message);
  ExitCode code = CodeOfState(state);
  if (PQconnectionNeedsPassword(connection)) code = ExitCode::kAuth;
  if (state.empty() && IsAboutTls(message)) code = ExitCode::kConfig;
  return {code, fmt::format("connecting to PostgreSQL: {}", OneSentence(message)), state};
}

PostgresError PostgresResponseError(PGconn* connection, const PGresult* result) {
  const std::string state = Field(result, PG_DIAG_SQLSTATE);
  std::string message = Field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (message.empty()) message = OneSentence(PQerrorMessage(connection));
  const std::string detail = Field(result, PG_DIAG_MESSAGE_DETAIL);
  if (!detail.empty()) message += fmt::format(" ({})", detail);
  const std::string table = Field(result, PG_DIAG_TABLE_NAME);
  if (!table.empty() && message.find(table) == std::string::npos) {
    message += fmt::format(" (table {}.{})", Field(result, PG_DIAG_SCHEMA_NAME), table);
  }
  const std::string context = Field(result, PG_DIAG_CONTEXT);  // names the function that raised it
  if (state == "P0001") message += fmt::format(" ({})", context.substr(0, context.find('\n')));
  return {CodeOfState(state), fmt::format("PostgreSQL: {}", message), state};
}

}  // namespace steamflow
