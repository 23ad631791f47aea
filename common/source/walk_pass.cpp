#include "walk_pass.h"

namespace steamflow {
bool IsPass(const std::string& text) {
  const auto instant = ParseInstant(text);
  return instant && FormatMinute(*instant) == text;
}

bool IsAhead(const std::string& pass, Instant now) {
  const auto instant = ParseInstant(pass);
  return instant && *instant > now + kMaxClockSkew;
}

std::optional<std::string> NextPass(Instant logical, Instant now, const std::string& before) {
  if (const std::string pass = FormatMinute(logical);
      logical <= now + kMaxClockSkew && pass > before) {
    return pass;
  }
  if (const std::string pass = FormatMinute(now); pass > before) return pass;
  const Instant next = *ParseInstant(before) + std::chrono::minutes(1);
  if (next > now + kMaxClockSkew) return std::nullopt;
  return FormatMinute(next);
}

std::string MonthOf(Instant now) {
  return FormatMinute(now).substr(0, std::string("2026-11").size());
}

}  // namespace steamflow
