// Creates the connectors of a folder in Kafka Connect, waits until they run, and reports how
// existing ones differ from their files.

#include <fmt/format.h>

#include "airflow_variable.h"
#include "command.h"
#include "connector_setup.h"
#include "file_io.h"
#include "json_schema.h"

int main(int argc, char** argv) {
  using namespace steamflow;
  Command command("connect-apply",
                  "Creates the connectors of a folder in Kafka Connect and waits until they run. "
                  "Existing connectors that differ are reported, and changed only with --update.",
                  "connect-apply --connect-url http://localhost:8083 --update --restart-failed",
                  [] {
                    return Json{{"connectors", schema::ListOf(AppliedConnector::Schema())}};
                  });
  std::string folder;
  command.flags()
      .Add("--connectors", folder,
           "Folder of NAME.json files [default: share/steamflow/connect of the "
           "installation]")
      .Format("path");
  std::vector<std::string> names;
  command.flags().Add("--connector", names, "Only the connector of this name; repeatable");
  bool update = false;
  command.flags().Add("--update", update, "Also change connectors that exist already");
  bool restart_failed = false;
  command.flags().Add("--restart-failed", restart_failed,
                      "Restart connectors and tasks that have failed");
  command.flags().AddVariable(EnvironmentName("<NAME>"), "The value of ${NAME} in the files");
  command.flags().AddVariable("<NAME>", "The same, outside of Airflow");
  ConnectFlags flags;
  flags.AddTo(command.flags());

  return command.Main(argc, argv, [&](Run& run) {
    const auto connectors =
        ReadConnectors(folder.empty() ? InstalledPath("connect") : folder, names);
    for (const Connector& connector : connectors) {
      for (const std::string& secret : connector.secrets) run.log.AddSecret(secret);
    }
    ConnectClient connect(ReadConnectServer(flags, run), run);

    std::vector<AppliedConnector> all;
    std::vector<TaskError> errors;
    for (const Connector& connector : connectors) {
      try {
        all.push_back(Apply(connector, update, restart_failed, connect, run.log));
      } catch (const TaskError& error) {
        const bool is_of_this_one = error.code() == ExitCode::kConfig && !run.stop.Requested();
        if (!is_of_this_one) throw;
        errors.push_back(error);
      }
    }
    AwaitStatus(all, connect, run.stop);

    std::vector<Json> entries;
    for (const AppliedConnector& applied : all) {
      entries.push_back(applied.Entry());
      if (applied.status && applied.status->is_running()) continue;
      const std::string state = applied.status ? applied.status->state : "unknown";
      const std::string cause = applied.status && !applied.status->failure.empty()
                                    ? applied.status->failure
                                    : "it is " + state;
      errors.emplace_back(applied.is_settled() ? ExitCode::kConfig : ExitCode::kTransient,
                          fmt::format("connector {}: {}", applied.connector.name, cause));
    }
    run.result.lists.emplace_back("connectors", std::move(entries));
    if (!errors.empty()) throw Combine(errors);
  });
}
