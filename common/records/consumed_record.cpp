#include "consumed_record.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <span>

#include "json.h"
#include "parse_number.h"

namespace steamflow {
namespace {

using Type = RecordField::Type;
using simdjson::dom::element;

constexpr std::size_t kLongestName = 512;  // for required texts, which are in an index
constexpr Instant kFirstTime = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1);
constexpr Instant kEndOfTime = std::chrono::sys_days(std::chrono::year(2100) / 1 / 1);

// Returns whether valid JSON contains the escape \u0000. If the backslash is itself escaped, it is
// not that escape.
bool HasNul(std::string_view json) {
  constexpr std::string_view kEscape = "\\u0000";
  for (auto at = json.find(kEscape); at != std::string_view::npos;
       at = json.find(kEscape, at + kEscape.size())) {
    const auto before = json.find_last_not_of('\\', at);
    if ((at - before) % 2 == 1) return true;
  }
  return false;
}

// Returns whether simdjson's DOM accepts the number for certain: it is short, or it is a whole
// number that fits a machine type.
bool IsPlain(std::string_view number) {
  if (ParseNumber<std::int64_t>(number)) return true;
  return number.size() <= 18 && number.find_first_of("eE") == std::string_view::npos;
}

// Returns a copy of the text in which a fraction replaces every number that fits no machine type.
// simdjson's DOM rejects such numbers, although JSON and the databases allow them. A fraction is
// null in an integer column, just as the number itself would be. Other valid numbers are kept.
std::string WithoutLargeNumbers(std::string_view json) {
  constexpr std::string_view kFraction = "0.5";
  std::string out(json);
  bool in_string = false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] == '"') in_string = !in_string;
    if (in_string && out[i] == '\\') ++i;
    if (in_string || (out[i] != '-' && (out[i] < '0' || out[i] > '9'))) continue;
    const auto end = std::min(out.find_first_not_of("+-.0123456789eE", i), out.size());
    const std::string_view number = std::string_view(out).substr(i, end - i);
    if (!IsPlain(number) && IsJsonNumber(number)) {
      std::fill(out.begin() + static_cast<std::ptrdiff_t>(i),
                out.begin() + static_cast<std::ptrdiff_t>(end), ' ');
      out.replace(i, kFraction.size(), kFraction);  // the shortest such number is 1e9
    }
    i = end - 1;
  }
  return out;
}

// Returns the value for an integer column, by the rules of RecordField.
std::optional<std::int64_t> IntegerFrom(const element& value) {
  std::int64_t number = 0;
  std::string_view text;
  if (!value.get_string().get(text)) {
    number = ParseNumber<std::int64_t>(text).value_or(-1);
  } else if (value.get_int64().get(number)) {
    return std::nullopt;
  }
  return number < 0 ? std::nullopt : std::optional(number);
}

bool IsInTime(Instant instant) {
  return instant >= kFirstTime && instant < kEndOfTime;
}

// Parses dates and remembers the last one, because long runs of records have the same date.
class InstantParser {
 public:
  std::optional<Instant> Parse(std::string_view text) {
    if (text != text_) {
      text_ = text;
      instant_ = ParseInstant(text);
    }
    return instant_;
  }

 private:
  std::string text_;
  std::optional<Instant> instant_;  // the instant of text_
};

// Returns whether a text has the form 2026-11-22T22:34Z, optionally with seconds and a fraction.
bool IsUtcTime(std::string_view text) {
  constexpr std::size_t kMinute = std::string_view("2026-11-22T22:34").size();
  constexpr std::size_t kSecond = std::string_view("2026-11-22T22:34:05").size();
  if (text.size() <= kMinute || text[10] != 'T' || text.back() != 'Z') return false;
  const auto end = text.size() - 1;
  return end == kMinute || end == kSecond || (end > kSecond && text[kSecond] == '.');
}

std::optional<Instant> TimeIn(std::string_view event_id, InstantParser& parser) {
  while (!event_id.empty()) {
    const auto end = std::min(event_id.find('/'), event_id.size());
    if (const auto part = event_id.substr(0, end); IsUtcTime(part)) {
      const auto time = parser.Parse(part);
      if (time && IsInTime(*time)) return time;
    }
    event_id.remove_prefix(std::min(end + 1, event_id.size()));
  }
  return std::nullopt;
}

}  // namespace

bool IsText(std::string_view bytes) {
  return simdjson::validate_utf8(bytes) && bytes.find('\0') == std::string_view::npos;
}

std::string MadeEventId(const ConsumedMessage& message) {
  const std::chrono::sys_time<std::chrono::milliseconds> time(
      std::chrono::milliseconds(message.timestamp_ms.value_or(0)));
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  std::string text = FormatUtc(second);
  text.insert(text.size() - 1, fmt::format(".{:03}", (time - second).count()));
  return fmt::format("{}/{}/{}/{}", message.topic, text, message.partition, message.offset);
}

class ConsumedRecordParser::Impl {
 public:
  explicit Impl(Instant now) : latest_(now + kMaxClockSkew) {}

  tl::expected<ConsumedRecord, std::string> Parse(const ConsumedMessage& message) {
    ConsumedRecord record;
    record.kind = KindOf(message.topic);
    record.message = message;
    if (auto wrong = ReadIdentity(record)) return tl::unexpected(std::move(*wrong));
    times_ = {};
    if (message.value) {
      if (auto wrong = ReadValue(record)) return tl::unexpected(std::move(*wrong));
    } else if (record.kind != RecordKind::kPlayer) {
      return tl::unexpected(std::string("an empty value"));
    }
    if (record.kind == RecordKind::kPlayer) {
      if (auto wrong = ReadPlayer(record)) return tl::unexpected(std::move(*wrong));
    }
    if (auto wrong = ReadTime(record)) return tl::unexpected(std::move(*wrong));
    return record;
  }

 private:
  using Wrong = std::optional<std::string>;

  // The times that a value contains.
  struct Times {
    std::optional<Instant> timestamp;
    std::optional<Instant> date;
  };

  Wrong ReadIdentity(ConsumedRecord& record) {
    ConsumedMessage& message = record.message;
    if (message.key && !IsText(*message.key)) return "a key that is not UTF-8 text";
    if (!message.event_id || message.event_id->empty()) {
      event_id_ = MadeEventId(message);
      message.event_id = event_id_;
    } else {
      if (!IsText(*message.event_id)) return "an event id that is not UTF-8 text";
      if (message.event_id->size() > kMaxEventId) {
        return fmt::format("an event id of {} bytes", message.event_id->size());
      }
    }
    record.id_time = TimeIn(*message.event_id, id_times_);
    return std::nullopt;
  }

  Wrong ReadValue(ConsumedRecord& record) {
    const std::string_view json = *record.message.value;
    if (json.empty()) return "an empty value";
    element root;
    auto error = parser_.parse(json.data(), json.size()).get(root);
    if (error) {
      shortened_ = WithoutLargeNumbers(json);
      error = parser_.parse(shortened_.data(), shortened_.size()).get(root);
    }
    if (error) return fmt::format("not JSON: {}", simdjson::error_message(error));
    simdjson::dom::object object;
    if (root.get_object().get(object)) return "JSON, but not an object";
    if (HasNul(json)) return "a NUL in a string";
    const auto fields = FieldsOf(record.kind);
    next_place_ = 0;
    for (const auto field : object) ReadField(record, fields, field.key, field.value);
    // Other producers may leave out feed_appid. The feed is then most likely that of the news
    // item's own appid.
    if (record.kind == RecordKind::kNews && record.fields[0].is_null) {
      record.fields[0] = record.fields[2];
    }
    record.has_fields = !fields.empty();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].is_required && record.fields[i].is_null) record.has_fields = false;
    }
    return std::nullopt;
  }

  void ReadField(ConsumedRecord& record, std::span<const RecordField> fields, std::string_view name,
                 const element& value) {
    if (name == "timestamp") {
      std::string_view text;
      if (!value.get_string().get(text)) times_.timestamp = timestamps_.Parse(text);
      return;
    }
    const std::size_t i = PlaceOf(name, fields);
    if (i == fields.size()) return;
    FieldValue& field = record.fields[i];
    if (fields[i].type == Type::kText) {
      field.is_null = !ReadText(value, digits_[i], field.text) ||
                      (fields[i].is_required && field.text.size() > kLongestName);
    } else if (const auto number = IntegerFrom(value)) {
      field.number = *number;
      const Instant instant{std::chrono::seconds(*number)};
      field.is_null = fields[i].type == Type::kEpoch && !IsInTime(instant);
      if (!field.is_null && name == "date") times_.date = instant;
    }
  }

  // Returns the index of the field, or fields.size() if there is none. The search begins after the
  // field that was found last, because records usually list the fields in order.
  std::size_t PlaceOf(std::string_view name, std::span<const RecordField> fields) {
    const auto is_it = [name](const RecordField& field) { return field.name == name; };
    const auto next = fields.begin() + static_cast<std::ptrdiff_t>(next_place_);
    auto found = std::find_if(next, fields.end(), is_it);
    if (found == fields.end()) {
      found = std::find_if(fields.begin(), next, is_it);
      if (found == next) return fields.size();
    }
    next_place_ = static_cast<std::size_t>(found - fields.begin()) + 1;
    return next_place_ - 1;
  }

  // Reads a string, or a whole number as its digits.
  static bool ReadText(const element& value, std::string& digits, std::string_view& text) {
    if (!value.get_string().get(text)) return true;
    const auto number = IntegerFrom(value);
    if (!number) return false;
    digits = fmt::to_string(*number);
    text = digits;
    return true;
  }

  // Sets state_id from the steamid in the value, or in the key if the value has none.
  Wrong ReadPlayer(ConsumedRecord& record) {
    FieldValue& steamid = record.fields[0];
    if (steamid.is_null && record.message.key) {
      if (const auto number = ParseNumber<std::int64_t>(*record.message.key)) {
        steamid.is_null = false;
        steamid.number = *number;
      }
    }
    if (steamid.is_null || steamid.number <= 0) return "no steamid";
    state_id_ = fmt::to_string(steamid.number);
    record.state_id = state_id_;
    record.has_fields = true;
    return std::nullopt;
  }

  Wrong ReadTime(ConsumedRecord& record) const {
    std::optional<Instant> kafka_time;
    if (record.message.timestamp_ms) {
      kafka_time =
          std::chrono::floor<std::chrono::seconds>(std::chrono::sys_time<std::chrono::milliseconds>(
              std::chrono::milliseconds(*record.message.timestamp_ms)));
    }
    const auto own = times_.timestamp ? times_.timestamp : kafka_time;
    if (!own) return "no time, neither in the value nor from Kafka";
    record.version_time = std::min(*own, latest_);
    if (kafka_time)
      record.version_time = std::min(record.version_time, *kafka_time + kMaxClockSkew);
    if (record.kind == RecordKind::kNews && times_.date) {
      record.event_time = *times_.date;  // it stays the same when the news item is fetched again
    } else {
      record.event_time = record.kind == RecordKind::kPlayer ? record.version_time : *own;
    }
    if (!IsInTime(record.event_time)) return "a time outside of 2000 to 2099";
    return std::nullopt;
  }

  const Instant latest_;  // the latest version_time
  simdjson::dom::parser parser_;
  InstantParser timestamps_;
  InstantParser id_times_;
  Times times_;
  std::size_t next_place_ = 0;  // index at which PlaceOf begins its search
  std::string event_id_;
  std::string state_id_;
  std::array<std::string, kMostFields> digits_;  // of numbers in text fields
  std::string shortened_;
};

ConsumedRecordParser::ConsumedRecordParser(Instant now) : impl_(std::make_unique<Impl>(now)) {}
ConsumedRecordParser::~ConsumedRecordParser() = default;

tl::expected<ConsumedRecord, std::string> ConsumedRecordParser::Parse(
    const ConsumedMessage& message) {
  return impl_->Parse(message);
}

}  // namespace steamflow
