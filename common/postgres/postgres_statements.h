#pragma once

#include <string>

#include "consumed_record.h"

// The SQL that stores a batch in the tables of postgres_schema.cpp.

namespace steamflow {

// Moves the positions whose stored values are still the old ones; says how many that were, and in
// which transaction. The rows are locked in one order, so that two sinks never wait for each other.
extern const char* const kMovePostgresPositions;

// The temporary table that a batch's rows of a kind are copied into.
std::string PostgresStagingTable(RecordKind kind);

// Moves the rows of that table to where they belong; says how many were new.
std::string PostgresStoreStatement(RecordKind kind);

}  // namespace steamflow
