#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace steamflow {

// A point in time in UTC, to the second.
using Instant = std::chrono::sys_seconds;

// Returns the current time of the system clock, rounded down to the second.
Instant Now();

// How far a time from outside may be ahead of the clock. Clocks differ, but no time from outside
// may push a position or a version far into the future.
inline constexpr std::chrono::hours kMaxClockSkew(24);

// Parses the start of `text` as ISO 8601: a date, optionally followed by T or a space, hours,
// minutes, seconds, a fraction (which is dropped) and an offset (Z, +09:00 or +0900). Without an
// offset the time is UTC, as in Airflow. If `rest` is given, it receives the text that follows;
// otherwise all of `text` must match. Returns nullopt if the text is malformed.
std::optional<Instant> ParseInstant(std::string_view text, std::string_view* rest = nullptr);

// Returns "2026-11-22T22:34:00Z".
std::string FormatUtc(Instant instant);
// Returns "2026-11-22T22:34Z", the form that event ids use.
std::string FormatMinute(Instant instant);
// Returns "2026-11-22".
std::string FormatDate(Instant instant);

// A zone of the system's time zone database. It sets TZ for the whole process, so there can be only
// one at a time, and it must be created before the first thread. Howard Hinnant's library is not
// used because it reads the names of all zones to find one: 2.3 ms, when a whole task starts in 16
// ms.
class TimeZone {
 public:
  // Finds a zone by its name, such as "Asia/Seoul". The error is a phrase for a message.
  static tl::expected<TimeZone, std::string> Find(const std::string& name);
  // Returns the time in this zone with its offset: "2026-11-23T07:34:00+09:00".
  std::string Format(Instant instant) const;

 private:
  TimeZone() = default;
};

}  // namespace steamflow
