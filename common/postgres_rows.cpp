#include "postgres_rows.h"

#include <endian.h>

#include <chrono>
#include <cstring>

namespace steamflow {
namespace {

using namespace std::string_view_literals;
using Type = RecordField::Type;

constexpr Instant kPostgresEpoch = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1);
constexpr std::size_t kCommonColumns = 9;
constexpr char kJsonbVersion = 1;

void PutShort(std::string& out, std::size_t value) {
  const auto bytes = htobe16(static_cast<std::uint16_t>(value));
  out.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
}
void PutInt(std::string& out, std::uint32_t value) {
  const auto bytes = htobe32(value);
  out.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
}
void PutLong(std::string& out, std::int64_t value) {
  const auto bytes = htobe64(static_cast<std::uint64_t>(value));
  out.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
}

// Fields: their length, then their bytes.
void AddNull(std::string& out) {
  PutInt(out, 0xFFFFFFFFU);
}
void AddText(std::string& out, std::string_view text) {
  PutInt(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}
void AddInt(std::string& out, std::int32_t value) {
  PutInt(out, sizeof value);
  PutInt(out, static_cast<std::uint32_t>(value));
}
void AddLong(std::string& out, std::int64_t value) {
  PutInt(out, sizeof value);
  PutLong(out, value);
}
void AddTime(std::string& out, Instant instant) {
  AddLong(out, std::chrono::microseconds(instant - kPostgresEpoch).count());
}
void AddBool(std::string& out, bool value) {
  PutInt(out, 1);
  out += value ? '\1' : '\0';
}

// Takes fields off the front of a row.
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

auto MonthOf(Instant instant) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(instant));
  return day.year() / day.month();
}

}  // namespace

const std::string_view PostgresRows::kHeader = "PGCOPY\n\xFF\r\n\0\0\0\0\0\0\0\0\0"sv;
const std::string_view PostgresRows::kTrailer = "\xFF\xFF"sv;

std::string PostgresRows::Columns() const {
  std::string columns =
      R"(event_id text COLLATE "C", event_time timestamptz, topic text COLLATE "C", partition integer)"
      R"(, "offset" bigint, key text, value jsonb, is_stray boolean, has_fields boolean)";
  for (const RecordField& field : FieldsOf(kind_)) {
    columns += ", " + std::string(field.name);
    columns += field.type == Type::kText      ? " text"
               : field.type == Type::kInteger ? " bigint"
                                              : " timestamptz";
  }
  return columns;
}

void PostgresRows::Add(const SinkRecord& record) {
  const auto fields = FieldsOf(kind_);
  const SinkMessage& message = record.message;
  const bool is_stray = record.id_time && MonthOf(*record.id_time) != MonthOf(record.event_time);
  has_strays_ = has_strays_ || is_stray;
  starts_.push_back(data_.size());
  PutShort(data_, kCommonColumns + fields.size());
  AddText(data_, *message.event_id);
  AddTime(data_, record.event_time);
  AddText(data_, message.topic);
  AddInt(data_, message.partition);
  AddLong(data_, message.offset);
  if (message.key) {
    AddText(data_, *message.key);
  } else {
    AddNull(data_);
  }
  if (message.value) {
    PutInt(data_, static_cast<std::uint32_t>(message.value->size() + 1));
    data_ += kJsonbVersion;
    data_.append(*message.value);
  } else {
    AddNull(data_);
  }
  AddBool(data_, is_stray);
  AddBool(data_, record.has_fields);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const FieldValue& value = record.fields[i];
    if (value.is_null) {
      AddNull(data_);
    } else if (fields[i].type == Type::kText) {
      AddText(data_, value.text);
    } else if (fields[i].type == Type::kInteger) {
      AddLong(data_, value.number);
    } else {
      AddTime(data_, Instant(std::chrono::seconds(value.number)));
    }
  }
}

void PostgresRows::Clear() {
  data_.clear();
  starts_.clear();
  has_strays_ = false;
}

std::string_view PostgresRows::Data(std::size_t first, std::size_t last) const {
  const std::size_t begin = starts_[first];
  const std::size_t end = last < starts_.size() ? starts_[last] : data_.size();
  return std::string_view(data_).substr(begin, end - begin);
}

SinkMessage PostgresRows::Message(std::size_t row) const {
  Reader reader(Data(row, row + 1).substr(sizeof(std::uint16_t)));
  const auto number = [&](auto value) {
    std::memcpy(&value, reader.Next()->data(), sizeof value);
    return value;
  };
  SinkMessage message;
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
