#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "consumed_record.h"
#include "timestamp.h"

// The names under which Elasticsearch keeps the records of a topic. No I/O.
namespace steamflow {

// Returns the alias of a topic: `prefix` and the topic in lower case. Throws TaskError (kConfig) if
// no index can have that name.
std::string AliasName(const std::string& prefix, std::string_view topic);

// Returns what follows the alias in the name of a record's index. State has a single index. An
// event goes to the index of the month that its event id names, "-2026.11", or to "-undated" if the
// id names no time. Nothing else in the record can change the month, so a duplicate always goes to
// the index that has the original.
inline constexpr char kStateSuffix[] = "-state";
inline constexpr char kUndatedSuffix[] = "-undated";
std::string IndexSuffix(RecordKind kind, std::optional<Instant> id_time);

// Returns the version of a record of state: ConsumedRecord::version_time in milliseconds.
std::int64_t StateVersion(const ConsumedRecord& record);

// The field that marks the document of a tombstone. The alias of state has a filter that hides such
// documents.
inline constexpr char kTombstoneField[] = "@tombstone";

// Returns the index that holds a sink's positions.
std::string PositionsIndex(const std::string& prefix);

}  // namespace steamflow
