#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "flags.h"
#include "log.h"
#include "metrics.h"
#include "result.h"
#include "result_schema.h"
#include "run.h"
#include "stop.h"
#include "task_error.h"
#include "task_supervisor.h"
#include "watchdog.h"

namespace steamflow {

// The main function of a task: it handles the flags, the result line and the exit code.
class Command {
 public:
  // `name` is the name of the binary, `about` says what the task does, `example` is a full command
  // line, and `parts` returns the schemas of what the task puts into its result.
  Command(const std::string& name, const std::string& about, const std::string& example,
          ResultParts parts);
  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  // Returns the flags, for adding those of the task itself.
  const Flags& flags() const { return flags_; }

  // Parses the command line, calls `body`, and prints the result line whatever happens. `body` must
  // not leave a client open. If it throws, the result is a failure. If it is still stuck after its
  // time, it is abandoned and the process ends. Returns the exit code of the process, which is 0 if
  // Airflow's supervisor was told how the run ended. --describe prints a description.h instead.
  int Main(int argc, char** argv, const std::function<void(Run&)>& body);

 private:
  void ChooseXcomFile();
  std::optional<TaskError> Execute(const std::optional<TaskError>& refused,
                                   const std::function<void(Run&)>& body);
  // Throws TaskError (kOutput) if the XCom file cannot be written, before the task does any work.
  void CheckXcomFile();
  ExitCode GiveUp();
  // Reports the end of the run, last to Airflow, and returns the exit code of the process. Only the
  // first call has an effect; the watchdog may make one on its own thread.
  ExitCode Tell(const std::optional<TaskError>& error, const MetricsTargets& metrics,
                std::chrono::milliseconds for_airflow);
  void TakeLog();
  // For a native task. It must exit with 0, or the supervisor ignores what it was told.
  ExitCode TellAirflow(std::chrono::milliseconds at_most);
  void WriteXcomFile();
  void Publish(const MetricsTargets& metrics);
  void PrintResult();

  const std::string name_;
  const ResultParts parts_;
  const Flags flags_;
  CommonOptions options_;
  std::string logical_date_;
  std::string xcom_file_;
  std::string pushgateway_url_;
  std::string metrics_file_;
  std::string log_level_ = "warning";
  std::string log_format_ = "text";
  bool no_progress_ = false;

  ResultHead head_;
  Result result_;
  TaskSupervisor* supervisor_ = nullptr;  // of a native task
  MetricsTargets metrics_;
  std::unique_ptr<Log> log_;
  Clock::time_point started_;
  std::optional<Stop> stop_;
  // Guards everything that Tell() does, and the two members below.
  std::mutex telling_;
  bool is_told_ = false;
  ExitCode process_code_ = ExitCode::kSuccess;  // valid once the end was told
  std::optional<Watchdog> watchdog_;            // uses all members above
};

}  // namespace steamflow
