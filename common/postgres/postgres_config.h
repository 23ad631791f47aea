#pragma once

#include <string>
#include <utility>
#include <vector>

#include "log.h"

namespace steamflow {

class Flags;

// The flags of a task that talks to PostgreSQL.
struct PostgresFlags {
  std::string conn_id = "postgres_default";
  std::string url;  // --postgres-url

  void AddTo(const Flags& flags);
};

// libpq's connection parameters (PostgreSQL's manual, 34.1.2), name and value.
using PostgresParameters = std::vector<std::pair<std::string, std::string>>;

// From --postgres-url, else from the Airflow Connection, whose extra holds parameters of libpq;
// what is in neither libpq takes from its environment, such as ~/.pgpass. Secrets are made known to
// `log`. Throws TaskError: kUsage for the flag, kConfig for the Connection, also where no server is
// named or a parameter is not libpq's.
PostgresParameters ReadPostgresParameters(const PostgresFlags& flags, Log& log);

}  // namespace steamflow
