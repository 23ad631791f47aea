#include "native_task.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "airflow_connection.h"
#include "airflow_variable.h"
#include "bundle.h"
#include "environment.h"
#include "parse_number.h"
#include "supervisor_handover.h"
#include "task_error.h"
#include "task_log.h"
#include "timestamp.h"

namespace steamflow {
namespace {

using airflow::Level;
using airflow::Refusal;
namespace requests = airflow::requests;

using Environment = std::map<std::string, std::string>;

// The variables that a program inherits from the worker, as in the bash runtime: the paths of
// programs and certificates, the proxies, and the levels of Airflow's log. All others are dropped,
// because a worker's environment contains Airflow's own secrets.
constexpr const char* kInherited[] = {"PATH",
                                      "SSL_CERT_DIR",
                                      "SSL_CERT_FILE",
                                      "https_proxy",
                                      "HTTPS_PROXY",
                                      "no_proxy",
                                      "NO_PROXY",
                                      "AIRFLOW__LOGGING__LOGGING_LEVEL",
                                      "AIRFLOW__LOGGING__NAMESPACE_LEVELS"};

void Inherit(Environment& environment, const std::string& name) {
  if (auto value = EnvironmentValue(name)) environment[name] = *std::move(value);
}

// What the DAG file gives a task takes precedence over the worker's environment, as in the bash
// runtime.
Environment EnvironmentOf(const BundleTask& task, const airflow::StartupDetails& details) {
  Environment environment;
  for (const char* name : kInherited) Inherit(environment, name);
  environment["AIRFLOW_CTX_DAG_ID"] = details.dag_id;
  environment["AIRFLOW_CTX_TASK_ID"] = details.task_id;
  environment["AIRFLOW_CTX_DAG_RUN_ID"] = details.run_id;
  environment["AIRFLOW_CTX_TRY_NUMBER"] = fmt::to_string(details.try_number);
  environment["AIRFLOW_CTX_MAP_INDEX"] = fmt::to_string(details.map_index);
  environment["AIRFLOW_CTX_LOGICAL_DATE"] = details.logical_date;
  environment["TRACEPARENT"] = details.traceparent();  // empty is unset
  for (const auto& [name, value] : task.environment) environment[name] = value;
  for (const std::string& name : task.variables) Inherit(environment, EnvironmentName(name));
  for (const std::string& id : task.connections) Inherit(environment, ConnectionVariable(id));
  return environment;
}

// How the task ends if its program cannot be started.
struct End {
  ExitCode code;
  std::string reason;
};

// Adds --shard: the map index is the number of the shard, and AIRFLOW_VAR_STEAMFLOW_SHARDS, which
// the DAG file reads too, is the number of shards.
std::optional<End> AddShard(std::vector<std::string>& argv, std::int64_t map_index) {
  constexpr char kShards[] = "AIRFLOW_VAR_STEAMFLOW_SHARDS";
  const auto shards = ParseNumber<std::int64_t>(EnvironmentValue(kShards).value_or("1"));
  if (!shards || map_index >= *shards) {
    return End{ExitCode::kConfig,
               fmt::format("the map index of the task is {}, but {} is not larger: the worker's "
                           "environment differs from the DAG processor's",
                           map_index, kShards)};
  }
  argv.insert(argv.end(), {"--shard", fmt::format("{}/{}", map_index, *shards)});
  return std::nullopt;
}

// Returns how the task ends if one of its Connections is not defined: it is skipped, because the
// deployment does not run that service.
std::optional<End> FindConnections(const BundleTask& task, airflow::Supervisor& supervisor) {
  for (const std::string& id : task.connections) {
    if (EnvironmentValue(ConnectionVariable(id))) continue;
    const auto answer = supervisor.Ask(requests::GetConnection(id));
    if (answer) continue;
    if (answer.error().kind == Refusal::Kind::kNotFound) {
      return End{ExitCode::kSkipped, fmt::format("the Connection {} is not defined", id)};
    }
    return End{ExitCode::kTransient,
               fmt::format("asking Airflow for the Connection {}: {}", id, answer.error().message)};
  }
  return std::nullopt;
}

// Tells Airflow the address of the task's link to Grafana, as dags/steamflow/links.py has it. For
// other tasks Airflow's Python process does that. A task runs without its link, too.
void TellLink(const BundleTask& task, const airflow::StartupDetails& details,
              airflow::Supervisor& supervisor, airflow::TaskLog& log) {
  auto link = EnvironmentValue("AIRFLOW_VAR_STEAMFLOW_GRAFANA_URL");
  if (!link) return;
  link->erase(link->find_last_not_of('/') + 1);
  constexpr std::string_view kTopics = "steamflow/";
  const auto topic =
      std::find_if(task.outlets.begin(), task.outlets.end(),
                   [&](const std::string& outlet) { return outlet.starts_with(kTopics); });
  *link += topic == task.outlets.end()
               ? "/d/steamflow-pipeline"
               : "/d/steamflow-kafka?var-filters=topic%7C%3D%7C" + topic->substr(kTopics.size());
  const auto answer = supervisor.Ask(requests::SetXCom(details, "_link_DashboardLink", *link));
  if (answer) return;
  log.Write(Level::kWarning,
            fmt::format("telling Airflow the link to Grafana: {}", answer.error().message));
}

// Becomes the program, found in AIRFLOW_VAR_STEAMFLOW_BIN or PATH as in the bash runtime. Returns
// only if that fails.
End Become(const std::vector<std::string>& argv, const Environment& environment) {
  const auto folder = EnvironmentValue("AIRFLOW_VAR_STEAMFLOW_BIN");
  const std::string program = folder ? *folder + "/" + argv.front() : argv.front();
  std::vector<std::string> assignments;
  for (const auto& [name, value] : environment)
    assignments.push_back(fmt::format("{}={}", name, value));
  const auto pointers = [](const std::vector<std::string>& texts) {
    std::vector<char*> all;
    all.reserve(texts.size() + 1);
    for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
  };
  ::execvpe(program.c_str(), pointers(argv).data(), pointers(assignments).data());
  return {ExitCode::kConfig, fmt::format("{} is not installed: {}", program, std::strerror(errno))};
}

// Returns the exit code of the process. It is 0 once the supervisor knows how the task ended,
// because the supervisor believes that only if the process exits with 0.
int Tell(const End& end, const airflow::StartupDetails& details, airflow::Supervisor& supervisor,
         airflow::TaskLog& log) {
  const bool is_skip = end.code == ExitCode::kSkipped;
  log.Write(is_skip ? Level::kInfo : Level::kError, end.reason);
  const std::string now = FormatUtc(Now());
  const bool may_retry = end.code == ExitCode::kTransient && details.should_retry;
  const auto told = supervisor.Ask(is_skip     ? requests::Skip(now)
                                   : may_retry ? requests::Retry(now, end.reason, {})
                                               : requests::Fail(now));
  return told ? 0 : static_cast<int>(end.code);
}

// Prepares the task and becomes its program. Returns only if that fails or the task is skipped.
End Begin(const std::string& bundle, const airflow::StartupDetails& details,
          airflow::Supervisor& supervisor, airflow::TaskLog& log) {
  for (const std::string& key : details.xcom_keys_to_clear) {
    const auto answer = supervisor.Ask(requests::DeleteXCom(details, key));
    if (answer || answer.error().kind == Refusal::Kind::kNotFound) continue;
    return {ExitCode::kTransient,
            fmt::format("clearing the XCom {} of an earlier try: {}", key, answer.error().message)};
  }
  auto task = ReadBundleTask(bundle, details.dag_id, details.task_id);
  if (!task) return {ExitCode::kConfig, task.error()};
  TellLink(*task, details, supervisor, log);
  if (task->is_optional) {
    if (auto end = FindConnections(*task, supervisor)) return *std::move(end);
  }
  if (task->is_sharded && details.map_index >= 0) {
    if (auto end = AddShard(task->argv, details.map_index)) return *std::move(end);
  }
  Environment environment = EnvironmentOf(*task, details);
  const auto sockets = supervisor.Release();
  environment[SupervisorHandover::kVariable] = FormatHandover({.sockets = sockets,
                                                               .task = details,
                                                               .variables = task->variables,
                                                               .connections = task->connections,
                                                               .outlets = task->outlets});
  End end = Become(task->argv, environment);
  supervisor = airflow::Supervisor(sockets);
  return end;
}

}  // namespace

int RunNativeTask(const std::string& bundle, int argc, const char* const* argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  auto supervisor = airflow::Supervisor::Connect(argc, argv);
  if (!supervisor) {
    fmt::print(stderr, "steamflow: {}\n", supervisor.error());
    return static_cast<int>(ExitCode::kTransient);
  }
  airflow::TaskLog log("steamflow");
  log.Connect(supervisor->logs());
  const auto tasks = ReadBundleTasks(bundle);
  const auto started = supervisor->Start(tasks.value_or(airflow::Tasks()));
  if (!started) {
    log.Write(Level::kError, started.error());
    return static_cast<int>(ExitCode::kUsage);
  }
  if (!*started) return 0;
  const airflow::StartupDetails& details = **started;
  const End end = Begin(bundle, details, *supervisor, log);
  return Tell(end, details, *supervisor, log);
}

}  // namespace steamflow
