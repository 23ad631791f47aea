#include "message_pack.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace airflow {
namespace {

constexpr std::size_t kDeepest = 128;          // levels, because nlohmann-json recurses for each
constexpr std::uint8_t kTimestampType = 0xFF;  // -1
constexpr std::uint32_t kNanosecondsEnd = 1'000'000'000;
constexpr std::int64_t kYear1 = -62'135'596'800;
constexpr std::int64_t kYear10000 = 253'402'300'800;

std::uint64_t BigEndian(const std::vector<std::uint8_t>& bytes, std::size_t from, std::size_t to) {
  std::uint64_t number = 0;
  for (std::size_t i = from; i < to; ++i) number = number << 8U | bytes[i];
  return number;
}

// Parses the three forms of the specification. Returns null for anything else.
Json Timestamp(const std::vector<std::uint8_t>& bytes) {
  std::int64_t seconds = 0;
  std::uint64_t nanoseconds = 0;
  if (bytes.size() == 4) {
    seconds = static_cast<std::int64_t>(BigEndian(bytes, 0, 4));
  } else if (bytes.size() == 8) {
    const std::uint64_t both = BigEndian(bytes, 0, 8);
    nanoseconds = both >> 34U;
    seconds = static_cast<std::int64_t>(both & 0x3FFFFFFFFU);
  } else if (bytes.size() == 12) {
    nanoseconds = BigEndian(bytes, 0, 4);
    seconds = static_cast<std::int64_t>(BigEndian(bytes, 4, 12));
  } else {
    return nullptr;
  }
  if (nanoseconds >= kNanosecondsEnd) return nullptr;
  std::string text = FormatTime(seconds, static_cast<std::uint32_t>(nanoseconds));
  return text.empty() ? Json() : Json(std::move(text));
}

// Builds the document. A handler that returns false ends the parsing; this bounds the depth.
class Builder : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t value, const string_t&) override { return Add(value); }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t& value) override {
    if (!value.has_subtype()) return Add(std::string(value.begin(), value.end()));
    const bool is_time = static_cast<std::uint8_t>(value.subtype()) == kTimestampType;
    return Add(is_time ? Timestamp(value) : Json());
  }
  bool start_object(std::size_t) override { return Open(Json::object()); }
  bool start_array(std::size_t) override { return Open(Json::array()); }
  bool key(string_t& name) override {
    name_ = std::move(name);
    return true;
  }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool parse_error(std::size_t at, const std::string&,
                   const nlohmann::detail::exception&) override {
    error_ = fmt::format("it is not valid MessagePack (at byte {})", at);
    return false;
  }

  Json Take() { return std::move(root_); }
  const std::string& error() const { return error_; }

 private:
  bool Add(Json value) {
    Put(std::move(value));
    return true;
  }
  Json* Put(Json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    Json& parent = *open_.back();
    if (parent.is_array()) return &parent.emplace_back(std::move(value));
    return &(parent[std::exchange(name_, {})] = std::move(value));
  }
  // The pointers in open_ stay valid, because only the innermost open value grows.
  bool Open(Json value) {
    if (open_.size() == kDeepest) {
      error_ = "it is nested too deeply";
      return false;
    }
    open_.push_back(Put(std::move(value)));
    return true;
  }
  bool Close() {
    open_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Json*> open_;
  std::string name_;
  std::string error_;
};

}  // namespace

tl::expected<Json, std::string> ParseMessagePack(std::string_view bytes) {
  Builder builder;
  const bool is_whole =
      Json::sax_parse(bytes.begin(), bytes.end(), &builder, Json::input_format_t::msgpack);
  if (is_whole) return builder.Take();
  return tl::unexpected(builder.error());
}

std::string FormatMessagePack(const Json& json) {
  // The detour through text replaces invalid UTF-8 by U+FFFD. The supervisor would exit if it
  // received invalid strings.
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string bytes;
  Json::to_msgpack(Json::parse(text), bytes);
  return bytes;
}

std::string FormatTime(std::int64_t seconds, std::uint32_t nanoseconds) {
  if (seconds < kYear1 || seconds >= kYear10000) return {};
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     nanoseconds / 1000);
}

}  // namespace airflow
