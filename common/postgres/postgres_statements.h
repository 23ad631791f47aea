#pragma once

#include <string>

#include "consumed_record.h"

// Builds the SQL that stores a batch in the tables of postgres_schema.cpp.

namespace steamflow {

// Returns a statement that moves the positions whose stored values are still the old ones. Its
// result is the number of moved positions, the id of the transaction, and PostgresIsPlain. It locks
// the rows in a fixed order, so that two sinks cannot deadlock.
std::string PostgresMoveStatement();

// Returns the table for a kind of record, or `records` if the kind has none.
std::string PostgresTableOf(RecordKind kind);

// Returns the temporary table into which the rows of a kind are copied.
std::string PostgresStagingTable(RecordKind kind);

// Returns a statement that moves the rows from the staging table to `records` and the table of the
// kind. Its result is the number of new rows, the number of rows that the table of the kind took,
// the number that it had to take if every row was new and the newest version, and PostgresIsPlain.
// If the last two numbers differ, or the schema is not plain, PostgresReadBackStatement shows what
// is stored.
std::string PostgresStoreStatement(RecordKind kind);

}  // namespace steamflow
