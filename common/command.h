#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "environment.h"
#include "log.h"
#include "result.h"
#include "stop.h"

namespace steamflow {

// The flags that every task has.
struct CommonOptions {
  double deadline_seconds = 50;
  std::size_t max_in_flight = 100;  // HTTP requests
  unsigned retries = 4;             // of one request, after its first attempt
  std::uint64_t max_response_bytes = 16U << 20U;
  bool allow_http = false;
  bool http1 = false;
};

// What a running task works with. Lives as long as the run.
struct Run {
  const std::string& task;  // its name
  Log& log;
  const Stop& stop;
  const RunIdentity& identity;
  const CommonOptions& options;
  Result& result;  // filled in as the run goes on, so that a failed run still tells what it did
};

// A task as a command: flags in, result line and exit code out.
class Command {
 public:
  // `name` is the binary's; `about` says what the task does, `example` a full command line.
  Command(std::string name, const std::string& about, const std::string& example);

  // For the flags of the task itself.
  CLI::App& app() { return app_; }

  // Parses the command line, calls `body`, and prints the result line whatever happened. `body`
  // returns how the run ended and leaves no client open; what it throws becomes a failed result.
  // Returns the exit code of the process.
  int Main(int argc, char** argv, const std::function<void(Run&)>& body);

 private:
  void Execute(const std::function<void(Run&)>& body);
  void CheckXcomFile();
  ExitCode PrintResult();

  const std::string name_;
  CLI::App app_;
  CommonOptions options_;
  std::string logical_date_;
  std::string xcom_file_;
  std::string log_level_ = "warning";
  std::string log_format_ = "text";
  bool no_progress_ = false;

  ResultHead head_;
  Result result_;
  std::unique_ptr<Log> log_;
};

// Help text of a setting that an Airflow Variable gives too: the text, then "[env: AIRFLOW_VAR_X]".
std::string WithVariable(const std::string& help, const std::string& variable);

// `flag_value` if it is not empty, else the Airflow Variable, else nothing.
struct Setting {
  std::string value;
  std::string source;   // "--steam-games" or "AIRFLOW_VAR_STEAM_GAMES", for messages
  ExitCode if_invalid;  // kUsage for a flag, kConfig for a Variable
};
std::optional<Setting> ReadSetting(const std::string& flag, const std::string& flag_value,
                                   const std::string& variable);

}  // namespace steamflow
