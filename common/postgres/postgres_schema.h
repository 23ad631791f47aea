#pragma once

#include <string>

#include "postgres_client.h"

namespace steamflow {

// Brings the tables of the client's schema to the version that this program knows, in one
// transaction. Throws TaskError: kConfig where the database's version is newer or the first
// edition's, or where it is older and `may_create` is false; PostgresError.
void PreparePostgresSchema(PostgresClient& client, const std::string& schema, bool may_create);

}  // namespace steamflow
