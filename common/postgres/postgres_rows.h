#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consumed_record.h"

namespace steamflow {

// Returns the first day of the month that an event id names, or nullopt if it names none.
std::optional<std::chrono::year_month_day> MonthOf(const ConsumedRecord& record);

// Returns the SQL type of a field's column.
const char* PostgresTypeOf(const RecordField& field);

// Holds rows of one kind of record in the binary format of COPY (PostgreSQL's manual, COPY, "Binary
// Format"), for a staging table with the columns that Columns() returns.
class PostgresRows {
 public:
  explicit PostgresRows(RecordKind kind) : kind_(kind) {}

  RecordKind kind() const { return kind_; }
  // Returns the columns as CREATE TABLE takes them: event_id text COLLATE "C", and so on.
  std::string Columns() const;

  // Appends a row. The record must be of this kind.
  void Add(const ConsumedRecord& record);
  void Clear();

  std::size_t count() const { return starts_.size(); }
  std::size_t bytes() const { return size_; }

  // Returns the rows [first, last) as the data that COPY expects between kHeader and kTrailer.
  // Valid until the next Add or Clear.
  std::string_view Data(std::size_t first, std::size_t last) const;
  // The beginning and the end of every COPY in binary format.
  static const std::string_view kHeader;
  static const std::string_view kTrailer;

  // Returns the message that a row was made of. The views point into this object.
  ConsumedMessage Message(std::size_t row) const;

 private:
  RecordKind kind_;
  std::string data_;                 // never shrunk, because growing it again would zero the bytes
  std::size_t size_ = 0;             // how many bytes of data_ are in use
  std::vector<std::size_t> starts_;  // where each row starts in data_
};

}  // namespace steamflow
