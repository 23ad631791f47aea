#include "connector.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "airflow_connection.h"
#include "airflow_variable.h"
#include "environment.h"
#include "file_io.h"
#include "json_document.h"
#include "task_error.h"

namespace steamflow {
namespace {

// Replaces the placeholders in a value, and adds the values that replaced them to `secrets`.
std::string FillIn(std::string_view value, std::vector<std::string>& secrets) {
  std::string filled;
  for (;;) {
    const auto start = value.find("${");
    const auto end = start == std::string_view::npos ? start : value.find('}', start);
    if (end == std::string_view::npos) return filled.append(value);
    const std::string name(value.substr(start + 2, end - start - 2));
    filled += value.substr(0, start);
    const bool is_ours =
        name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
    if (name.empty() || !is_ours) {
      filled += value.substr(start, end + 1 - start);
    } else {
      auto text = AirflowVariable(name);
      if (!text) text = EnvironmentValue(name);
      if (!text) {
        throw TaskError(ExitCode::kConfig,
                        fmt::format("${{{0}}} is not set: set the Airflow Variable {0} "
                                    "(AIRFLOW_VAR_{0}) or the environment variable {0}",
                                    name));
      }
      filled += *text;
      secrets.push_back(*std::move(text));
    }
    value.remove_prefix(end + 1);
  }
}

Connector ReadConnector(const std::filesystem::path& path) {
  Connector connector{.name = path.stem().string()};
  const auto fail = [&](const std::string& cause) {
    throw TaskError(ExitCode::kConfig, fmt::format("{}: {}", path.string(), cause));
  };
  try {
    const auto text = ReadFile(path);
    if (!text) fail(text.error().message());
    const auto config = ParseConnectorConfig(*text);
    if (!config) fail(config.error());
    for (const auto& [name, value] : *config) {
      connector.config[name] = FillIn(value, connector.secrets);
    }
  } catch (const TaskError& error) {
    fail(error.what());
  }
  if (connector.config.count("connector.class") == 0) fail("connector.class is missing");
  return connector;
}

// Returns the most informative line of a Java stack trace: the innermost cause, or else the first
// line.
std::string CauseIn(std::string_view trace) {
  constexpr std::string_view kCausedBy = "Caused by: ";
  const auto last = trace.rfind(kCausedBy);
  if (last != std::string_view::npos) trace.remove_prefix(last + kCausedBy.size());
  return std::string(trace.substr(0, trace.find('\n')));
}

}  // namespace

tl::expected<std::map<std::string, std::string>, std::string> ParseConnectorConfig(
    std::string_view json) {
  const auto settings = ParseJson(json);
  if (!settings) return tl::unexpected(settings.error());
  if (!settings->is_object()) return tl::unexpected(std::string("not a JSON object"));
  std::map<std::string, std::string> config;
  for (const auto& [name, value] : settings->items()) {
    if (!value.is_string()) return tl::unexpected(fmt::format("'{}' is not a string", name));
    config.emplace(name, TextOf(value));
  }
  return config;
}

std::vector<Connector> ReadConnectors(const std::string& folder,
                                      const std::vector<std::string>& names) {
  std::vector<std::filesystem::path> paths;
  for (const std::string& name : names) {
    paths.push_back(std::filesystem::path(folder) / (name + ".json"));
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (names.empty() && entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  if (error || paths.empty()) {
    throw TaskError(
        ExitCode::kConfig,
        fmt::format("{}: {}", folder, error ? error.message() : "it has no .json files"));
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Connector> connectors;
  for (const auto& path : paths) connectors.push_back(ReadConnector(path));
  return connectors;
}

tl::expected<ConnectorStatus, std::string> ParseConnectorStatus(std::string_view json) {
  const auto document = ParseJson(json);
  if (!document) return tl::unexpected(document.error());
  ConnectorStatus status;
  const auto look = [&](const std::string& what, const Json& of) {
    std::string state = TextOf(FieldOf(of, "state"));
    if (state == "FAILED" && status.failure.empty()) {
      status.failure = fmt::format("{} failed: {}", what + TextOf(FieldOf(of, "id")),
                                   CauseIn(TextOf(FieldOf(of, "trace"))));
    }
    return state;
  };
  status.state = look("the connector", FieldOf(*document, "connector"));
  const Json& tasks = FieldOf(*document, "tasks");
  if (status.state.empty() || !tasks.is_array()) return tl::unexpected(std::string("no status"));
  for (const Json& task : tasks) {
    ++status.tasks;
    if (look("task ", task) == "RUNNING") ++status.running;
  }
  return status;
}

std::vector<std::string> DriftOf(const Connector& connector,
                                 const std::map<std::string, std::string>& held) {
  const auto shown = [&](const std::string& name, const std::map<std::string, std::string>& config,
                         bool is_secret) -> std::string {
    const auto found = config.find(name);
    if (found == config.end()) return "not set";
    return is_secret ? "***" : found->second;
  };
  auto names = connector.config;
  names.insert(held.begin(), held.end());
  std::vector<std::string> drift;
  for (const auto& [name, value] : names) {
    const std::string wanted = shown(name, connector.config, false);
    if (name == "name" || shown(name, held, false) == wanted) continue;  // Connect adds the name
    const bool is_secret =
        IsSecretName(name) ||
        std::any_of(connector.secrets.begin(), connector.secrets.end(),
                    [&](const auto& secret) { return wanted.find(secret) != std::string::npos; });
    drift.push_back(fmt::format("{} is {}, wanted {}", name, shown(name, held, is_secret),
                                shown(name, connector.config, is_secret)));
  }
  return drift;
}

}  // namespace steamflow
