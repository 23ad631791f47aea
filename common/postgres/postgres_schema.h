#pragma once

#include <string>

#include "postgres_client.h"

namespace steamflow {

// Creates the tables of `schema`, or migrates them to the version that this program knows, in one
// transaction. Does nothing if they have that version. Throws PostgresError, and TaskError
// (kConfig): if the version in the database is newer, if it is version 1, which cannot be migrated,
// or if tables have to be created or migrated and `may_create` is false.
void PreparePostgresSchema(PostgresClient& client, const std::string& schema, bool may_create);

}  // namespace steamflow
