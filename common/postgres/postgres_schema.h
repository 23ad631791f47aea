#pragma once

#include <string>

#include "postgres_client.h"

namespace steamflow {

// Makes `schema` the place of all names of the session. Throws PostgresError.
void UsePostgresSchema(PostgresClient& client, const std::string& schema);

// Does that too, and brings its tables to the version that
// this program knows, in one transaction. Throws TaskError: kConfig where the database's version is
// newer, or where it is older and `may_create` is false; PostgresError.
void PreparePostgresSchema(PostgresClient& client, const std::string& schema, bool may_create);

}  // namespace steamflow
