#include "connector_setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "json_schema.h"
#include "parse_number.h"

namespace steamflow {
namespace {

constexpr std::chrono::milliseconds kPollInterval(100);
// For some time after a change, Connect may still report the status of the old tasks. A status that
// matches the change is believed after kUntilChangeShows, any other after kUntilChangeIsBelieved.
constexpr std::chrono::seconds kUntilChangeShows(2);
constexpr std::chrono::seconds kUntilChangeIsBelieved(10);

// Returns tasks.max, which is also the number of tasks that most connectors start.
std::size_t MostTasks(const Connector& connector) {
  const auto setting = connector.config.find("tasks.max");
  if (setting == connector.config.end()) return 1;               // Connect's default
  return ParseNumber<std::size_t>(setting->second).value_or(0);  // Connect refuses anything else
}

}  // namespace

bool AppliedConnector::is_settled() const {
  if (!status) return false;
  if (changed) {
    const bool is_as_wanted = status->is_running() && status->tasks == MostTasks(connector);
    const auto until = is_as_wanted ? kUntilChangeShows : kUntilChangeIsBelieved;
    if (Clock::now() - *changed < until) return false;
  }
  return status->is_running() || !status->failure.empty() || status->state == "PAUSED" ||
         status->state == "STOPPED";
}

Json AppliedConnector::Entry() const {
  return {{"name", connector.name},
          {"action", action},
          {"state", status ? status->state : "UNKNOWN"},
          {"tasks", status ? status->tasks : 0},
          {"running", status ? status->running : 0},
          {"drift", drift}};
}

Json AppliedConnector::Schema() {
  return schema::Object({{"name", schema::Text()},
                         {"action", schema::OneOf({"unchanged", "created", "altered", "drift"})},
                         {"state", schema::Text()},
                         {"tasks", schema::Count()},
                         {"running", schema::Count()},
                         {"drift", schema::ListOf(schema::Text())}});
}

AppliedConnector Apply(const Connector& connector, bool update, bool restart_failed,
                       ConnectClient& connect, Log& log) {
  AppliedConnector applied{connector};
  const auto held = connect.Config(connector.name);
  if (!held) {
    const std::string& plugin = connector.config.at("connector.class");
    if (connect.ConnectorClasses().count(plugin) == 0) {
      throw TaskError(ExitCode::kConfig, fmt::format("connector {}: the worker has no plug-in {}",
                                                     connector.name, plugin));
    }
    connect.Put(connector);
    applied.action = "created";
    return applied;
  }
  applied.drift = DriftOf(connector, *held);
  if (!applied.drift.empty() && update) {
    connect.Put(connector);
    applied.action = "altered";
    applied.changed = Clock::now();
  } else if (!applied.drift.empty()) {
    applied.action = "drift";
    for (const std::string& difference : applied.drift) {
      log.Warning(
          fmt::format("connector {}: {} (--update changes it)", connector.name, difference));
    }
  }
  const auto status = connect.Status(connector.name);
  if (restart_failed && status && !status->failure.empty()) {
    log.Warning(fmt::format("connector {}: {}: restarting it", connector.name, status->failure));
    connect.RestartFailed(connector.name);
    applied.changed = Clock::now();
  }
  return applied;
}

void AwaitStatus(std::vector<AppliedConnector>& all, ConnectClient& connect, const Stop& stop) {
  for (;;) {
    for (AppliedConnector& applied : all) {
      if (!applied.is_settled()) applied.status = connect.Status(applied.connector.name);
    }
    const bool is_over = std::all_of(all.begin(), all.end(), [](const AppliedConnector& applied) {
      return applied.is_settled();
    });
    stop.ThrowIfSignalled();
    if (is_over || stop.Requested()) return;
    stop.WaitFor(kPollInterval);
  }
}

}  // namespace steamflow
