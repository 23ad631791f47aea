#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace steamflow {

// A point in time, to the second, UTC.
using Instant = std::chrono::sys_seconds;

Instant Now();

// How far a time from outside may be ahead of the clock, which may be wrong.
inline constexpr std::chrono::hours kMaxClockSkew(24);

// Reads the start of `text` as ISO 8601: a date, then optionally T or a space, hours, minutes,
// seconds, a fraction (dropped) and an offset (Z, +09:00, +0900). Without an offset it is UTC, as
// Airflow has it. `rest`, where given, receives what follows; without it all of `text` must fit.
std::optional<Instant> ParseInstant(std::string_view text, std::string_view* rest = nullptr);

// "2026-11-22T22:34:00Z"
std::string FormatUtc(Instant instant);
// "2026-11-22T22:34Z", the form that event ids use.
std::string FormatMinute(Instant instant);
// "2026-11-22"
std::string FormatDate(Instant instant);

// A zone of the system's time zone database. Sets TZ of the process, so there is one at a time and
// it is made before the first thread. Not Howard Hinnant's library, which reads the names of all
// zones to find one: 2.3 ms, where a whole task starts in 16.
class TimeZone {
 public:
  // The error is a sentence.
  static tl::expected<TimeZone, std::string> Find(const std::string& name);
  // "2026-11-23T07:34:00+09:00"
  std::string Format(Instant instant) const;

 private:
  TimeZone() = default;
};

}  // namespace steamflow
