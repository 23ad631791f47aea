#pragma once

#include <string>
#include <string_view>

#include "consumed_record.h"
#include "timestamp.h"

// The names that the records of a topic have in Elasticsearch. Pure: no I/O.
namespace steamflow {

// Of events there is an index a month, behind an alias; of state, such as players, one index that
// has that very name: `prefix` and the topic in lower case. Throws TaskError (kConfig) where no
// index can have that name.
std::string IndexName(const std::string& prefix, std::string_view topic);

// "2026.11", which follows the name and a hyphen.
std::string IndexMonth(Instant instant);

// The month whose index has the record. A duplicate has to meet its twin there, so it is the month
// that the event id names, where it names one: a rerun after midnight has a new timestamp.
Instant MonthTime(const ConsumedRecord& record);

}  // namespace steamflow
