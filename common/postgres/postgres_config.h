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

// Names and values of libpq's connection parameters (PostgreSQL's manual, 34.1.2).
using PostgresParameters = std::vector<std::pair<std::string, std::string>>;

// Reads the parameters from --postgres-url, or else from the Airflow Connection, whose extra may
// hold any parameter of libpq. libpq takes the missing ones from its environment, such as
// ~/.pgpass. Registers the secrets with `log`. Throws TaskError: kUsage for the flag and kConfig
// for the Connection, if they are malformed, name no server, or have a parameter that libpq does
// not know.
PostgresParameters ReadPostgresParameters(const PostgresFlags& flags, Log& log);

}  // namespace steamflow
