#pragma once

#include <string>

#include "consumed_record.h"

// The SQL that holds what is stored against what was given, in the transaction that stores it: a
// trigger, a rule or a policy of somebody else may drop or change rows without an error.

namespace steamflow {

// A condition: nothing but our own statements decides what is in the tables, and what is moved from
// the staging table of a kind stays what it is. Without a kind: of the positions.
std::string PostgresIsPlain();
std::string PostgresIsPlain(RecordKind kind);

// Of the rows in the staging table of a kind, after they were moved: each table that does not have
// them as they were, and how many.
std::string PostgresReadBackStatement(RecordKind kind);

// Less of the same, for duplicates in a plain schema: how many rows are not there.
std::string PostgresMissingStatement(RecordKind kind);

// Says how many positions still are what they were before a move, with its parameters.
std::string PostgresHeldPositionsStatement();

// Says how many positions are not what they were moved to, with the same parameters.
std::string PostgresLostPositionsStatement();

}  // namespace steamflow
