#pragma once

#include <string>

#include "postgres_client.h"
#include "postgres_config.h"
#include "rest_client.h"
#include "run.h"

namespace steamflow {

// Checks of what records go into, and of what is around it. Each asks the server, changes nothing,
// and returns what it found; it throws TaskError as a run would end, with what is to be mended.

// The login, and that it may write the tables of this schema, or make it.
std::string CheckPostgres(const PostgresParameters& parameters, const std::string& schema,
                          Run& run);

// The login and its rights; that nothing blocks reading or writing; that the indices of now are
// such that a sink would write into them.
std::string CheckSearch(const RestServer& server, const std::string& index_prefix, Run& run);

// The worker, and that no connector or task of one has failed.
std::string CheckConnect(const RestServer& server, Run& run);

// That it takes metrics.
std::string CheckPushgateway(const std::string& url, Run& run);

}  // namespace steamflow
