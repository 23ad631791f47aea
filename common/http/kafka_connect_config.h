#pragma once

#include <string>

#include "rest_client.h"
#include "run.h"

namespace steamflow {

class Flags;

// The flags of a task that talks to Kafka Connect.
struct ConnectFlags {
  std::string conn_id = "connect_default";
  std::string url;  // --connect-url

  void AddTo(const Flags& flags);
};

// The worker from --connect-url, else from the Airflow Connection. Secrets are made known to the
// run's log. Throws TaskError: kUsage for a flag, kConfig for the Connection, also where neither is
// given.
RestServer ReadConnectServer(const ConnectFlags& flags, Run& run);

}  // namespace steamflow
