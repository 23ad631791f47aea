#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "topics.h"

// The fields that the records of each kind have in a table. Pure: no I/O.
namespace steamflow {

// A field of a record that has a column of its own in a table.
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
