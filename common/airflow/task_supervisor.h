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

// What Airflow is told about the end of a run.
struct TaskEnd {
  ExitCode code = ExitCode::kSuccess;
  std::string reason;  // why the run did not succeed
  std::string result;  // the result line; it becomes the task's XCom after a success
  std::string event;   // JSON object for the events of the task's assets; empty = none
  std::optional<std::chrono::seconds> retry_after;  // without it, the DAG's retry_delay applies
};

// Airflow's supervisor of this task, if this program does the work of a native task. It answers
// requests for Variables and Connections when they are needed, and receives the log and the end.
class TaskSupervisor {
 public:
  // Returns the supervisor that this process has inherited from the dispatcher, or null if it is
  // not a native task. There is one per process, like the environment. Throws TaskError if the
  // handover in the environment is invalid.
  static TaskSupervisor* Inherited();

  explicit TaskSupervisor(const SupervisorHandover& handover);

  // Returns nullopt if the task's DAG does not name the Variable, or if Airflow does not have it.
  // Throws TaskError if Airflow does not answer or denies the permission. Any thread may call it.
  std::optional<std::string> Variable(const std::string& name);
  // Returns the Connection in Airflow's JSON form; otherwise like Variable().
  std::optional<std::string> Connection(const std::string& id);

  // Makes `log`, the log of the program `task`, write into the task's log in Airflow, where secrets
  // are masked. Records below `level`, or below Airflow's own threshold, are not sent.
  void TakeLog(const std::string& task, std::optional<LogLevel> level, Log& log);

  // Tells Airflow the result and the end, and waits at most `timeout` for each of the two answers.
  // Returns false if the supervisor cannot be reached: then the exit code of the process has to
  // tell how the run ended.
  bool Tell(const TaskEnd& end, std::chrono::milliseconds timeout, Log& log);

 private:
  std::optional<std::string> Ask(const std::string& what, const airflow::Json& request,
                                 const char* field);

  const SupervisorHandover handover_;
  airflow::Supervisor supervisor_;
  std::optional<airflow::TaskLog> task_log_;
  std::mutex known_mutex_;
  std::map<std::string, std::optional<std::string>> known_;  // answers, each asked for once
};

}  // namespace steamflow
