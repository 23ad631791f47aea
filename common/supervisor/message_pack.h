#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

// The subset of MessagePack that the supervisor uses, on top of nlohmann-json. Pure: no I/O.
namespace airflow {

using Json = nlohmann::ordered_json;

// Parses exactly one value. A timestamp (extension -1) becomes ISO 8601 text in UTC, such as
// "2026-11-22T22:34:00.250000Z"; other extensions become null, and bytes become text. The error is
// a sentence; it never quotes the data, which may contain a secret.
tl::expected<Json, std::string> ParseMessagePack(std::string_view bytes);

// Replaces invalid UTF-8 in strings by U+FFFD, because the supervisor exits on invalid strings.
std::string FormatMessagePack(const Json& json);

// Returns the time as "2026-11-22T22:34:00.250000Z". The seconds since 1970 may be negative.
// Returns an empty string outside of the years 1 to 9999, the range of Python's datetime.
std::string FormatTime(std::int64_t seconds, std::uint32_t nanoseconds);

}  // namespace airflow
