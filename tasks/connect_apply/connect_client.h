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

// A client for Kafka Connect's REST interface. Each call waits until the deadline for a worker that
// cannot be reached, is starting, or whose group is rebalancing. It throws TaskError as
// RestClient::Ask does, and kConfig for a response that repeating the call would not change.
class ConnectClient {
 public:
  // `run` must outlive this object.
  ConnectClient(RestServer server, const Run& run)
      : client_(std::move(server), run, WhileAway::kWait), run_(run) {}

  // GET /connector-plugins. Connect can create only connectors whose `connector.class` is in this
  // set.
  std::set<std::string> ConnectorClasses();  // the connector classes that the worker has
  // Return nullopt if there is no such connector; Status also if it has no status yet.
  std::optional<std::map<std::string, std::string>> Config(const std::string& name);
  std::optional<ConnectorStatus> Status(const std::string& name);

  // PUT /connectors/NAME/config. If Connect rejects the configuration, the error has its reason.
  void Put(const Connector& connector);  // creates or changes the connector
  // POST /connectors/NAME/restart with onlyFailed=true, so that tasks that run are not interrupted.
  void RestartFailed(const std::string& name);  // restarts what has failed, connector and tasks

 private:
  // Repeats a request while the workers start (404 in HTML) or their group rebalances (409).
  // RestClient treats neither as transient.
  HttpResponse Ask(const std::string& method, const std::string& path,
                   const std::string& body = {});

  RestClient client_;
  const Run& run_;
};

}  // namespace steamflow
