#pragma once

#include <string>

#include "postgres_client.h"
#include "postgres_config.h"
#include "rest_client.h"
#include "run.h"

namespace steamflow {

// Checks of the stores and of the services around them. Each asks a server, changes nothing, and
// returns what it found, as text. Each throws the TaskError with which a run would end; its message
// says what to correct.

// Checks the login, and that it may write the tables of `schema`, or create the schema.
std::string CheckPostgres(const PostgresParameters& parameters, const std::string& schema,
                          Run& run);

// Checks the login and its permissions, that nothing blocks reading or writing, and that a sink
// would write into the indices of the current month.
std::string CheckSearch(const RestServer& server, const std::string& index_prefix, Run& run);

// Checks that the worker answers, and that no connector or task has failed.
std::string CheckConnect(const RestServer& server, Run& run);

// Checks that the Pushgateway is ready.
std::string CheckPushgateway(const std::string& url, Run& run);

}  // namespace steamflow
