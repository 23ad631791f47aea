#pragma once

#include <string>

#include "consumed_record.h"

// The SQL that stores a batch in the tables of postgres_schema.cpp.

namespace steamflow {

// Moves the positions whose stored values are still the old ones; says how many that were, and in
// which transaction. The rows are locked in one order, so that two sinks never wait for each other.
extern const char* const kMovePostgresPositions;

// Says how many of the same positions still are what they were before.
extern const char* const kHeldPostgresPositions;

// The table of a kind's own, or `records`.
std::string PostgresTableOf(RecordKind kind);

// The temporary table that a batch's rows of a kind are copied into.
std::string PostgresStagingTable(RecordKind kind);

// Moves the rows of that table to where they belong; says how many were new, and how many of these
// the table of the kind did not take.
std::string PostgresStoreStatement(RecordKind kind);

// Says how many rows of that table are not in `records`, after the statement above.
std::string PostgresMissingStatement(RecordKind kind);

}  // namespace steamflow
