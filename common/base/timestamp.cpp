#include "timestamp.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

namespace steamflow {
namespace {

// Consumes digits and separators from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool Take(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::optional<int> Digits(std::size_t count) {
    if (text_.size() < count || !NextIsDigit()) return std::nullopt;  // from_chars accepts a sign
    int value = 0;
    const char* end = text_.data() + count;
    const auto [stop, error] = std::from_chars(text_.data(), end, value);
    if (error != std::errc() || stop != end) return std::nullopt;
    text_.remove_prefix(count);
    return value;
  }
  void SkipDigits() {
    while (!text_.empty() && text_[0] >= '0' && text_[0] <= '9') text_.remove_prefix(1);
  }
  bool NextIsDigit() const { return !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; }
  std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

// Consumes the offset at the front of `reader`. Returns 0 if there is none, nullopt if it is
// malformed.
std::optional<std::chrono::minutes> TakeOffset(Reader& reader) {
  if (reader.Take('Z') || reader.Take('z')) return std::chrono::minutes(0);
  const bool east = reader.Take('+');
  if (!east && !reader.Take('-')) return std::chrono::minutes(0);
  const auto hours = reader.Digits(2);
  if (!hours || *hours > 23) return std::nullopt;
  std::optional<int> minutes = 0;
  if (reader.Take(':') || reader.NextIsDigit()) minutes = reader.Digits(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return east ? offset : -offset;
}

// fmt 9 formats a time_point in local time, so it gets broken-down time instead.
std::tm UtcFields(Instant instant) {
  const std::time_t seconds = instant.time_since_epoch().count();
  std::tm fields{};
  ::gmtime_r(&seconds, &fields);
  return fields;
}

// The folder of the database holds other files too, which the C library would treat as UTC.
bool IsZoneFile(const std::filesystem::path& path) {
  std::array<char, 4> magic{};
  std::ifstream file(path, std::ios::binary);
  file.read(magic.data(), magic.size());
  return file && std::string_view(magic.data(), magic.size()) == "TZif";
}

}  // namespace

Instant Now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::optional<Instant> ParseInstant(std::string_view text, std::string_view* rest) {
  Reader reader(text);
  const auto year = reader.Digits(4);
  if (!year || !reader.Take('-')) return std::nullopt;
  const auto month = reader.Digits(2);
  if (!month || !reader.Take('-')) return std::nullopt;
  const auto day = reader.Digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  Instant instant = std::chrono::sys_days(date);

  if (reader.Take('T') || reader.Take(' ')) {
    const auto hour = reader.Digits(2);
    if (!hour || *hour > 23 || !reader.Take(':')) return std::nullopt;
    const auto minute = reader.Digits(2);
    if (!minute || *minute > 59) return std::nullopt;
    std::optional<int> second = 0;
    if (reader.Take(':')) {
      second = reader.Digits(2);
      if (reader.Take('.')) reader.SkipDigits();
    }
    if (!second || *second > 59) return std::nullopt;
    const auto offset = TakeOffset(reader);
    if (!offset) return std::nullopt;
    instant += std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
               std::chrono::seconds(*second) - *offset;
  }
  if (rest) {
    *rest = reader.rest();
  } else if (!reader.rest().empty()) {
    return std::nullopt;
  }
  return instant;
}

std::string FormatUtc(Instant instant) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", UtcFields(instant));
}
std::string FormatMinute(Instant instant) {
  return fmt::format("{:%Y-%m-%dT%H:%MZ}", UtcFields(instant));
}
std::string FormatDate(Instant instant) {
  return fmt::format("{:%Y-%m-%d}", UtcFields(instant));
}

tl::expected<TimeZone, std::string> TimeZone::Find(const std::string& name) {
  const char* folder = std::getenv("TZDIR");
  const std::filesystem::path file =
      std::filesystem::path(folder ? folder : "/usr/share/zoneinfo") / name;
  const bool safe = !name.empty() && name[0] != '/' && name[0] != ':' &&
                    name.find("..") == std::string::npos && name.find('\0') == std::string::npos;
  if (name != "UTC" && !(safe && IsZoneFile(file))) {
    return tl::unexpected(
        fmt::format("no time zone '{}' in {} (is the package tzdata installed?)", name,
                    file.parent_path().empty() ? "" : (folder ? folder : "/usr/share/zoneinfo")));
  }
  ::setenv("TZ", name.c_str(), 1);
  ::tzset();
  return TimeZone();
}

std::string TimeZone::Format(Instant instant) const {
  const std::time_t seconds = instant.time_since_epoch().count();
  std::tm local{};
  ::localtime_r(&seconds, &local);
  const long offset = local.tm_gmtoff / 60;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}{}{:02}:{:02}", local, offset < 0 ? '-' : '+',
                     std::labs(offset) / 60, std::labs(offset) % 60);
}

}  // namespace steamflow
