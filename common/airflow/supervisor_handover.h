#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "supervisor.h"

namespace steamflow {

// What the dispatcher, which Airflow's supervisor started as a task, hands to the program that does
// the task's work and that it becomes.
struct SupervisorHandover {
  // The environment variable that it is handed over in. It holds no secret.
  static constexpr char kVariable[] = "STEAMFLOW_SUPERVISOR";

  airflow::Supervisor::Handover sockets;
  airflow::StartupDetails task;
  // Those that the task may ask for, as its DAG names them.
  std::vector<std::string> variables;
  std::vector<std::string> connections;
  // Names of the assets that the task fills.
  std::vector<std::string> outlets;
};

std::string FormatHandover(const SupervisorHandover& handover);

// The error is a sentence.
tl::expected<SupervisorHandover, std::string> ParseHandover(const std::string& text);

}  // namespace steamflow
