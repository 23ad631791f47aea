#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

// MessagePack as the supervisor speaks it, by nlohmann-json. Pure: no I/O.
namespace airflow {

using Json = nlohmann::ordered_json;

// One value, and nothing after it. A timestamp (extension -1) becomes ISO 8601 text in UTC, as
// "2026-11-22T22:34:00.250000Z"; other extensions become null, bytes become text. Errors: a
// sentence, without the data itself (it may hold a secret).
tl::expected<Json, std::string> ParseMessagePack(std::string_view bytes);

// Text in it that is not UTF-8 gets U+FFFD for what is wrong.
std::string FormatMessagePack(const Json& json);

// "2026-11-22T22:34:00.250000Z"; the seconds since 1970 may be negative. Years 1 to 9999, as in
// Python; outside of them empty.
std::string FormatTime(std::int64_t seconds, std::uint32_t nanoseconds);

}  // namespace airflow
