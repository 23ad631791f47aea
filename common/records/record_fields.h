#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "topics.h"

// The fields that the records of each kind have in a table. Pure: no I/O.
namespace steamflow {

// A field of a record that has its own column in a table.
//
// An integer column holds 0 to 2^63 - 1 exactly. The value comes from a JSON number without
// fraction or exponent, or from a string of digits. Any other value (a negative number, which Steam
// uses for nothing that it counts or names, a larger number, a fraction, an exponent) is null in
// the column, never 0 or another number. If the field is required, such a record has no row in the
// table. The raw value keeps every number as it was received.
struct RecordField {
  enum class Type { kText, kInteger, kEpoch };  // kEpoch: seconds since 1970
  std::string_view name;
  Type type;
  bool is_required = false;  // if it is missing, the record has no row in the table
};
// Returns the fields of a kind, in the order of ConsumedRecord::fields.
std::span<const RecordField> FieldsOf(RecordKind kind);
// The most fields that a kind has.
inline constexpr std::size_t kMostFields = 12;

// The value of such a field. `text` is a view; see ConsumedRecord for its lifetime.
struct FieldValue {
  bool is_null = true;
  std::string_view text;    // kText
  std::int64_t number = 0;  // kInteger, kEpoch
};

}  // namespace steamflow
