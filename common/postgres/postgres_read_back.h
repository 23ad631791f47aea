#pragma once

#include <string>

#include "consumed_record.h"

// Builds the SQL that compares what is stored with what was given, in the transaction that stores
// it. It is needed because triggers, rules and policies that somebody else added to the schema may
// drop or change rows without an error, and a task must not report such rows as stored.

namespace steamflow {

// Returns a condition that is true if only our own statements decide what the tables contain: there
// are no triggers, rules, policies or views. With a kind, the columns of its tables must also have
// our types, so that moving a value from the staging table cannot change it.
std::string PostgresIsPlain();
std::string PostgresIsPlain(RecordKind kind);

// Returns a statement to execute after the rows of a kind's staging table were moved. Its result
// has a row for each table that does not contain them unchanged, with the number of such rows.
std::string PostgresReadBackStatement(RecordKind kind);

// Returns a cheaper statement with a result of the same form. It counts only the rows that are
// missing from `records`, which is enough if PostgresIsPlain is true and some rows were duplicates.
std::string PostgresMissingStatement(RecordKind kind);

// Returns a statement that takes the parameters of PostgresMoveStatement and counts the positions
// that still have the values from before the move.
std::string PostgresHeldPositionsStatement();

// Returns a statement that takes the same parameters and counts the positions that do not have the
// values that they were moved to.
std::string PostgresLostPositionsStatement();

}  // namespace steamflow
