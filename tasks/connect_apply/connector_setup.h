#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connect_client.h"
#include "json_document.h"

namespace steamflow {

// A connector, what was done about it, and how it is.
struct AppliedConnector {
  const Connector& connector;
  const char* action = "unchanged";  // or created, drift, altered
  std::vector<std::string> drift;
  std::optional<Clock::time_point> changed;  // one that was there before
  std::optional<ConnectorStatus> status;

  // Whether waiting would not change the status.
  bool is_settled() const;
  Json Entry() const;  // of the result
};

// Makes the connector where it is missing; changes one that differs if `update`, and restarts one
// that has failed if `restart_failed`. Throws TaskError as ConnectClient does, and kConfig where
// the worker lacks the plug-in.
AppliedConnector Apply(const Connector& connector, bool update, bool restart_failed,
                       ConnectClient& connect, Log& log);

// Looks at all of them until waiting would change none, or the work has to end.
void AwaitStatus(std::vector<AppliedConnector>& all, ConnectClient& connect, const Stop& stop);

}  // namespace steamflow
