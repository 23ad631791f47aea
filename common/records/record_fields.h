#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "topics.h"

// The fields that the records of each kind have in a table. Pure: no I/O.
namespace steamflow {

// A field of a record that has a column of its own in a table.
//
// A column of whole numbers holds 0 to 2^63 - 1, exactly, from a JSON number without fraction and
// exponent or from a string of its digits. Whatever else a record has there (a negative number, as
// nothing that Steam counts or names is one, a larger one, a fraction, an exponent) is null in the
// column, never 0 or another number; where the field is required, the record has no row in that
// table. The raw value has every number as it came.
struct RecordField {
  enum class Type { kText, kInteger, kEpoch };  // kEpoch: seconds since 1970
  std::string_view name;
  Type type;
  bool is_required = false;  // without it the record has no row in that table
};
// Those of a kind, in the order of ConsumedRecord::fields.
std::span<const RecordField> FieldsOf(RecordKind kind);
inline constexpr std::size_t kMostFields = 12;

// The value of such a field.
struct FieldValue {
  bool is_null = true;
  std::string_view text;    // kText
  std::int64_t number = 0;  // kInteger, kEpoch
};

}  // namespace steamflow
