#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "connector.h"
#include "kafka_connect_config.h"
#include "log.h"
#include "rest_client.h"
#include "run.h"

namespace steamflow {

// Kafka Connect's REST interface. Each call throws TaskError as RestClient::Ask does, and kConfig
// for a response that no other attempt would change. It waits until the deadline for a worker that
// is away, that starts, or whose group rebalances.
class ConnectClient {
 public:
  ConnectClient(RestServer server, const Run& run)
      : client_(std::move(server), run, WhileAway::kWait), run_(run) {}

  std::set<std::string> ConnectorClasses();  // that the worker has
  // Nothing where there is no such connector, or for the status, none yet.
  std::optional<std::map<std::string, std::string>> Config(const std::string& name);
  std::optional<ConnectorStatus> Status(const std::string& name);

  void Put(const Connector& connector);         // makes or changes it
  void RestartFailed(const std::string& name);  // the connector and its tasks

 private:
  HttpResponse Ask(const std::string& method, const std::string& path,
                   const std::string& body = {});

  RestClient client_;
  const Run& run_;
};

}  // namespace steamflow
