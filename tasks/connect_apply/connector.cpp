#include "connector.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "airflow_connection.h"
#include "airflow_variable.h"
#include "environment.h"
#include "file_io.h"
#include "json.h"
#include "task_error.h"

namespace steamflow {
namespace {

// Replaces the placeholders of a value; what they became is added to `secrets`.
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

// The line of a Java stack trace that says most: the innermost cause, or else the first.
std::string CauseIn(std::string_view trace) {
  constexpr std::string_view kCausedBy = "Caused by: ";
  const auto last = trace.rfind(kCausedBy);
  if (last != std::string_view::npos) trace.remove_prefix(last + kCausedBy.size());
  return std::string(trace.substr(0, trace.find('\n')));
}

const JsonField* Find(const std::vector<JsonField>& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const JsonField& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

std::string TextOf(const std::vector<JsonField>& fields, std::string_view name) {
  const JsonField* field = Find(fields, name);
  return field ? field->value : "";
}

}  // namespace

tl::expected<std::map<std::string, std::string>, std::string> ParseConnectorConfig(
    std::string_view json) {
  const auto fields = ParseJsonObject(json);
  if (!fields) return tl::unexpected(fields.error());
  std::map<std::string, std::string> config;
  for (const JsonField& field : *fields) {
    if (field.type != JsonField::Type::kString) {
      return tl::unexpected(fmt::format("'{}' is no string", field.name));
    }
    if (!config.emplace(field.name, field.value).second) {
      return tl::unexpected(fmt::format("'{}' stands there twice", field.name));
    }
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
    throw TaskError(ExitCode::kConfig,
                    fmt::format("{}: {}", folder, error ? error.message() : "no .json in there"));
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Connector> connectors;
  for (const auto& path : paths) connectors.push_back(ReadConnector(path));
  return connectors;
}

tl::expected<ConnectorStatus, std::string> ParseConnectorStatus(std::string_view json) {
  const auto fields = ParseJsonObject(json);
  if (!fields) return tl::unexpected(fields.error());
  ConnectorStatus status;
  const auto look = [&](const std::string& what, const std::string& object) {
    const auto of = ParseJsonObject(object);
    if (!of) return std::string();
    std::string state = TextOf(*of, "state");
    if (state == "FAILED" && status.failure.empty()) {
      status.failure =
          fmt::format("{} failed: {}", what + TextOf(*of, "id"), CauseIn(TextOf(*of, "trace")));
    }
    return state;
  };
  status.state = look("the connector", TextOf(*fields, "connector"));
  const auto tasks = ParseJsonArray(TextOf(*fields, "tasks"));
  if (status.state.empty() || !tasks) return tl::unexpected(std::string("no status"));
  for (const JsonField& task : *tasks) {
    ++status.tasks;
    if (look("task ", task.value) == "RUNNING") ++status.running;
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
