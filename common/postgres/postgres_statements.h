#pragma once

#include <string>

#include "consumed_record.h"

// The SQL that stores a batch in the tables of postgres_schema.cpp.

namespace steamflow {

// Moves the positions whose stored values are still the old ones; says how many that were, in which
// transaction, and PostgresIsPlain. The rows are locked in one order, so that two sinks never wait
// for each other.
std::string PostgresMoveStatement();

// The table of a kind's own, or `records`.
std::string PostgresTableOf(RecordKind kind);

// The temporary table that a batch's rows of a kind are copied into.
std::string PostgresStagingTable(RecordKind kind);

// Moves the rows of that table to where they belong; says how many were new, how many the table of
// the kind took, how many it has to have taken if all was new, and PostgresIsPlain. Where these
// numbers differ, or it is not plain, PostgresReadBackStatement tells what is stored.
std::string PostgresStoreStatement(RecordKind kind);

}  // namespace steamflow
