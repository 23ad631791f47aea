#pragma once

#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace steamflow {

// A connector as its file describes it.
struct Connector {
  std::string name;
  std::map<std::string, std::string> config;  // with the placeholders replaced
  std::vector<std::string> secrets;           // the values that replaced placeholders
};

// Reads connectors from a folder; each is a file <name>.json with a JSON object of strings. A
// placeholder ${NAME}, with a name of capital letters, digits and _, is replaced by the Airflow
// Variable of that name, or else by the environment variable. Any other dollar sign is left for
// Connect. Reads the connectors in `names`, or all if that is empty. Throws TaskError (kConfig) if
// a file cannot be used, or if a placeholder has no value.
std::vector<Connector> ReadConnectors(const std::string& folder,
                                      const std::vector<std::string>& names);

// The current state of a connector (GET /connectors/NAME/status).
struct ConnectorStatus {
  // A connector may be RUNNING although all of its tasks have failed, so both are needed.
  std::string state;  // the connector's: RUNNING, FAILED, PAUSED, STOPPED or UNASSIGNED
  std::size_t tasks = 0;
  std::size_t running = 0;  // how many of the tasks run
  std::string failure;      // the first failure, of the connector or a task; empty = none

  // A connector without tasks moves no records, so it does not count as running.
  bool is_running() const { return state == "RUNNING" && tasks > 0 && running == tasks; }
};
// Parses the response to that request. The error is a sentence. No I/O.
tl::expected<ConnectorStatus, std::string> ParseConnectorStatus(std::string_view json);

// Returns how Connect's configuration, `held`, differs from the wanted one: "tasks.max is 1, wanted
// 2". The values of secret settings, and values that contain one of the connector's secrets, appear
// as "***".
std::vector<std::string> DriftOf(const Connector& connector,
                                 const std::map<std::string, std::string>& held);

// Parses {"name":"value",...}. Errors are sentences.
tl::expected<std::map<std::string, std::string>, std::string> ParseConnectorConfig(
    std::string_view json);

}  // namespace steamflow
