#include "postgres_rows.h"

#include <endian.h>
#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <limits>

#include "record_fields.h"

namespace steamflow {
namespace {

using namespace std::string_view_literals;
using Type = RecordField::Type;

constexpr Instant kPostgresEpoch = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1);
constexpr std::int32_t kMinusInfinity = std::numeric_limits<std::int32_t>::min();  // as a date
constexpr std::size_t kCommonColumns = 10;
constexpr std::size_t kStep = 64U << 10U;  // bytes added when the rows need more room
constexpr std::string_view kJsonbVersion = "\1";

// Writes the fields of a row, each as its length and its bytes. Does not check for the end of the
// buffer: the caller provides MostBytes.
class Writer {
 public:
  explicit Writer(char* at) : at_(at) {}
  const char* at() const { return at_; }

  void PutShort(std::size_t value) { Put(htobe16(static_cast<std::uint16_t>(value))); }
  void PutInt(std::size_t value) { Put(htobe32(static_cast<std::uint32_t>(value))); }
  void PutBytes(std::string_view bytes) {
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }

  void AddNull() { PutInt(0xFFFFFFFFU); }
  void AddText(std::string_view text) {
    PutInt(text.size());
    PutBytes(text);
  }
  void AddInt(std::int32_t value) {
    PutInt(sizeof value);
    Put(htobe32(static_cast<std::uint32_t>(value)));
  }
  void AddLong(std::int64_t value) {
    PutInt(sizeof value);
    Put(htobe64(static_cast<std::uint64_t>(value)));
  }
  void AddTime(Instant instant) {
    AddLong(std::chrono::microseconds(instant - kPostgresEpoch).count());
  }
  void AddDate(const std::optional<std::chrono::year_month_day>& day) {
    if (!day) return AddInt(kMinusInfinity);
    AddInt(static_cast<std::int32_t>((std::chrono::sys_days(*day) - kPostgresEpoch) /
                                     std::chrono::days(1)));
  }
  void AddBool(bool value) {
    PutInt(1);
    *at_++ = value ? '\1' : '\0';
  }

 private:
  template <typename T>
  void Put(T bytes) {
    std::memcpy(at_, &bytes, sizeof bytes);
    at_ += sizeof bytes;
  }

  char* at_;
};

// Returns the most bytes that the row of a record can take.
std::size_t MostBytes(const ConsumedRecord& record) {
  const ConsumedMessage& message = record.message;
  constexpr std::size_t kField = sizeof(std::uint32_t) + sizeof(std::int64_t);
  std::size_t bytes = sizeof(std::uint16_t) + (kCommonColumns + kMostFields) * kField;
  bytes += message.event_id->size() + message.topic.size();
  bytes += message.key.value_or("").size() + message.value.value_or("").size();
  for (const FieldValue& value : record.fields) bytes += value.text.size();
  return bytes;
}

// Reads the fields of a row, from the first on.
class Reader {
 public:
  explicit Reader(std::string_view data) : data_(data) {}
  std::optional<std::string_view> Next() {
    std::uint32_t size = 0;
    std::memcpy(&size, data_.data(), sizeof size);
    size = be32toh(size);
    data_.remove_prefix(sizeof size);
    if (size == 0xFFFFFFFFU) return std::nullopt;
    const auto field = data_.substr(0, size);
    data_.remove_prefix(size);
    return field;
  }

 private:
  std::string_view data_;
};

}  // namespace

std::optional<std::chrono::year_month_day> MonthOf(const ConsumedRecord& record) {
  if (!record.id_time) return std::nullopt;
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(*record.id_time));
  return day.year() / day.month() / 1;
}

const char* PostgresTypeOf(const RecordField& field) {
  return field.type == Type::kText      ? "text"
         : field.type == Type::kInteger ? "bigint"
                                        : "timestamptz";
}

const std::string_view PostgresRows::kHeader = "PGCOPY\n\xFF\r\n\0\0\0\0\0\0\0\0\0"sv;
const std::string_view PostgresRows::kTrailer = "\xFF\xFF"sv;

std::string PostgresRows::Columns() const {
  std::string columns =
      R"(event_id text COLLATE "C", event_time timestamptz, topic text COLLATE "C", partition integer)"
      R"(, "offset" bigint, key text, value jsonb, month date, version_time timestamptz, has_fields boolean)";
  for (const RecordField& field : FieldsOf(kind_)) {
    columns += fmt::format(", {} {}", field.name, PostgresTypeOf(field));
  }
  return columns;
}

void PostgresRows::Add(const ConsumedRecord& record) {
  const auto fields = FieldsOf(kind_);
  const ConsumedMessage& message = record.message;
  starts_.push_back(size_);
  const std::size_t most = size_ + MostBytes(record);
  if (most > data_.size()) data_.resize(most + kStep);
  Writer row(data_.data() + size_);
  row.PutShort(kCommonColumns + fields.size());
  row.AddText(*message.event_id);
  row.AddTime(record.event_time);
  row.AddText(message.topic);
  row.AddInt(message.partition);
  row.AddLong(message.offset);
  if (message.key) {
    row.AddText(*message.key);
  } else {
    row.AddNull();
  }
  if (message.value) {
    row.PutInt(message.value->size() + 1);
    row.PutBytes(kJsonbVersion);
    row.PutBytes(*message.value);
  } else {
    row.AddNull();
  }
  row.AddDate(MonthOf(record));
  row.AddTime(record.version_time);
  row.AddBool(record.has_fields);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const FieldValue& value = record.fields[i];
    if (value.is_null) {
      row.AddNull();
    } else if (fields[i].type == Type::kText) {
      row.AddText(value.text);
    } else if (fields[i].type == Type::kInteger) {
      row.AddLong(value.number);
    } else {
      row.AddTime(Instant(std::chrono::seconds(value.number)));
    }
  }
  size_ = static_cast<std::size_t>(row.at() - data_.data());
}

void PostgresRows::Clear() {
  size_ = 0;
  starts_.clear();
}

std::string_view PostgresRows::Data(std::size_t first, std::size_t last) const {
  const std::size_t begin = starts_[first];
  const std::size_t end = last < starts_.size() ? starts_[last] : size_;
  return std::string_view(data_).substr(begin, end - begin);
}

ConsumedMessage PostgresRows::Message(std::size_t row) const {
  Reader reader(Data(row, row + 1).substr(sizeof(std::uint16_t)));
  const auto number = [&](auto value) {
    std::memcpy(&value, reader.Next()->data(), sizeof value);
    return value;
  };
  ConsumedMessage message;
  message.event_id = reader.Next();
  reader.Next();  // event_time
  message.topic = *reader.Next();
  message.partition = static_cast<std::int32_t>(be32toh(number(std::uint32_t{})));
  message.offset = static_cast<std::int64_t>(be64toh(number(std::uint64_t{})));
  message.key = reader.Next();
  message.value = reader.Next();
  if (message.value) message.value->remove_prefix(1);  // jsonb's version
  return message;
}

}  // namespace steamflow
