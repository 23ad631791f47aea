#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "consumed_record.h"
#include "timestamp.h"

// The names that the records of a topic have in Elasticsearch. Pure: no I/O.
namespace steamflow {

// The alias of a topic: `prefix` and the topic in lower case. Throws TaskError (kConfig) where no
// index can have that name.
std::string AliasName(const std::string& prefix, std::string_view topic);

// What follows the alias in the name of the index that has the record. State has one index. A
// duplicate event has to meet its twin, so its index is that of the month that its event id names,
// which nothing in the record can move: "-2026.11", or "-undated" where the id names no time.
inline constexpr char kStateSuffix[] = "-state";
inline constexpr char kUndatedSuffix[] = "-undated";
std::string IndexSuffix(RecordKind kind, std::optional<Instant> id_time);

// The version of a record of state: ConsumedRecord::version_time in ms.
std::int64_t StateVersion(const ConsumedRecord& record);

// The field by which the alias of state knows, and hides, what a tombstone has deleted.
inline constexpr char kTombstoneField[] = "@tombstone";

// The index of a sink's positions.
std::string PositionsIndex(const std::string& prefix);

}  // namespace steamflow
