#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "supervisor.h"

namespace steamflow {

// What the dispatcher hands to the program of a task. Airflow's supervisor starts the dispatcher,
// which becomes that program by exec; only descriptors and the environment survive this.
struct SupervisorHandover {
  // The environment variable that carries the handover, as JSON. It contains no secret.
  static constexpr char kVariable[] = "STEAMFLOW_SUPERVISOR";

  airflow::Supervisor::Handover sockets;
  // The task instance; the program needs it for its XCom and for the log.
  airflow::StartupDetails task;
  // The Variables and Connections that the task's DAG names. Others are not asked for.
  std::vector<std::string> variables;
  std::vector<std::string> connections;
  // Names of the assets that the task fills.
  std::vector<std::string> outlets;
};

std::string FormatHandover(const SupervisorHandover& handover);

// Parses what FormatHandover() returned. The error is a sentence.
tl::expected<SupervisorHandover, std::string> ParseHandover(const std::string& text);

}  // namespace steamflow
