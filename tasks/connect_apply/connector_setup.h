#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connect_client.h"
#include "json_document.h"

namespace steamflow {

// A connector, what Apply did with it, and its status.
struct AppliedConnector {
  const Connector& connector;
  // `drift` means that the connector differs and --update was not given; with --update it is
  // `altered`.
  const char* action = "unchanged";  // or created, drift, altered
  // The differences before Apply, from DriftOf(); secrets appear as ***.
  std::vector<std::string> drift;
  std::optional<Clock::time_point> changed;  // when an existing connector was changed or restarted
  // The status that AwaitStatus() has read last; nullopt if Connect has none yet.
  std::optional<ConnectorStatus> status;

  // Returns whether the status is final, so that waiting would not change it.
  bool is_settled() const;
  Json Entry() const;    // the connector's entry in the result
  static Json Schema();  // of such an entry
};

// Creates the connector if it is missing. Changes an existing one that differs if `update` is true,
// and restarts one that has failed if `restart_failed` is true. Throws TaskError as ConnectClient
// does, and kConfig if the worker does not have the plug-in. The result refers to `connector`.
AppliedConnector Apply(const Connector& connector, bool update, bool restart_failed,
                       ConnectClient& connect, Log& log);

// Reads the status of all connectors until all are settled, or until the run's time is up. Throws
// TaskError as ConnectClient does, and for a signal.
void AwaitStatus(std::vector<AppliedConnector>& all, ConnectClient& connect, const Stop& stop);

}  // namespace steamflow
