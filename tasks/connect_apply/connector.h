#pragma once

#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace steamflow {

// A connector as a file wants it.
struct Connector {
  std::string name;
  std::map<std::string, std::string> config;  // placeholders filled in
  std::vector<std::string> secrets;           // what they were filled with
};

// The connectors of a folder, <name>.json each: an object of texts. ${NAME}, capital letters,
// digits and _, stands for the Airflow Variable of that name or else the variable of the
// environment; what else has a dollar sign is Connect's own. `names` are those to read; empty =
// all. Throws TaskError (kConfig), also for a placeholder that nothing fills.
std::vector<Connector> ReadConnectors(const std::string& folder,
                                      const std::vector<std::string>& names);

// What a connector is to Connect now (GET /connectors/NAME/status).
struct ConnectorStatus {
  std::string state;  // of the connector: RUNNING, FAILED, PAUSED, STOPPED, UNASSIGNED
  std::size_t tasks = 0;
  std::size_t running = 0;  // of them
  std::string failure;      // the first that failed, and why; empty = none

  bool is_running() const { return state == "RUNNING" && tasks > 0 && running == tasks; }
};
tl::expected<ConnectorStatus, std::string> ParseConnectorStatus(std::string_view json);

// How the configuration differs from what Connect has: "tasks.max is 1, wanted 2". Values of secret
// settings, and those with one of the connector's secrets, are ***.
std::vector<std::string> DriftOf(const Connector& connector,
                                 const std::map<std::string, std::string>& held);

// {"name":"value",...}: the values as text. Errors: a sentence.
tl::expected<std::map<std::string, std::string>, std::string> ParseConnectorConfig(
    std::string_view json);

}  // namespace steamflow
