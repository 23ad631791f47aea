#pragma once

#include <string>

#include "rest_client.h"
#include "run.h"

namespace steamflow {

class Flags;

// The flags of a task that uses Kafka Connect.
struct ConnectFlags {
  std::string conn_id = "connect_default";
  std::string url;  // --connect-url

  void AddTo(const Flags& flags);
};

// Reads the address of a Kafka Connect worker from --connect-url, or from the Airflow Connection.
// Registers secrets with the run's log. Throws TaskError: kUsage if the flag is invalid, kConfig if
// the Connection is invalid or neither is set.
RestServer ReadConnectServer(const ConnectFlags& flags, Run& run);

}  // namespace steamflow
