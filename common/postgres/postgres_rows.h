#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consumed_record.h"

namespace steamflow {

// The month that an event id names, where it names one.
std::optional<std::chrono::year_month_day> MonthOf(const ConsumedRecord& record);

// The type of a field's column.
const char* PostgresTypeOf(const RecordField& field);

// Rows of one kind of record in the binary format of COPY (PostgreSQL's manual, COPY, "Binary
// Format"), for a staging table whose columns are those of Columns().
class PostgresRows {
 public:
  explicit PostgresRows(RecordKind kind) : kind_(kind) {}

  RecordKind kind() const { return kind_; }
  // "event_id text COLLATE "C", event_time timestamptz, ..." as CREATE TABLE has them.
  std::string Columns() const;

  void Add(const ConsumedRecord& record);
  void Clear();

  std::size_t count() const { return starts_.size(); }
  std::size_t bytes() const { return size_; }

  // Rows [first, last) as COPY's data between kHeader and kTrailer.
  std::string_view Data(std::size_t first, std::size_t last) const;
  static const std::string_view kHeader;
  static const std::string_view kTrailer;

  // A row as the message that it was.
  ConsumedMessage Message(std::size_t row) const;

 private:
  RecordKind kind_;
  std::string data_;                 // is not made smaller, as what it grows by is set to 0
  std::size_t size_ = 0;             // of what is filled of it
  std::vector<std::size_t> starts_;  // of each row
};

}  // namespace steamflow
