#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "log.h"
#include "supervisor_handover.h"
#include "task_error.h"
#include "task_log.h"

namespace steamflow {

// How a run ended, for Airflow.
struct TaskEnd {
  ExitCode code = ExitCode::kSuccess;
  std::string reason;  // of what is no success
  std::string result;  // the result line: the task's XCom where it is a success
  std::string event;   // JSON that the events of the task's assets say; empty = nothing
  std::optional<std::chrono::seconds> retry_after;  // the task's own delay counts without it
};

// Airflow's supervisor of this task, where this program does the work of a native task: Variables
// and Connections are asked of it when they are needed, and it hears the log and the end.
class TaskSupervisor {
 public:
  // The one that this process has inherited, null where Airflow runs it otherwise or not at all.
  // Like the environment, it is one for the process. Throws TaskError where what is inherited is
  // not what the dispatcher hands over.
  static TaskSupervisor* Inherited();

  explicit TaskSupervisor(const SupervisorHandover& handover);

  // Nothing where the task's DAG does not name it, or Airflow does not have it. Throws TaskError.
  std::optional<std::string> Variable(const std::string& name);
  // In Airflow's JSON form.
  std::optional<std::string> Connection(const std::string& id);

  // From now on the log of the program `task` is the task's log in Airflow, where secrets are
  // masked. Below `level`, and below what Airflow wants, nothing is sent.
  void TakeLog(const std::string& task, std::optional<LogLevel> level, Log& log);

  // Tells the result and the end, waiting at most `timeout` for each of two answers. False where
  // Airflow could not be told: then the exit code of the process says it.
  bool Tell(const TaskEnd& end, std::chrono::milliseconds timeout, Log& log);

 private:
  std::optional<std::string> Ask(const std::string& what, const airflow::Json& request,
                                 const char* field);

  const SupervisorHandover handover_;
  airflow::Supervisor supervisor_;
  std::optional<airflow::TaskLog> task_log_;
  std::mutex known_mutex_;
  std::map<std::string, std::optional<std::string>> known_;  // what was asked for
};

}  // namespace steamflow
