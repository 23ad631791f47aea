#include "connect_client.h"

#include <fmt/format.h>

#include "json.h"

namespace steamflow {
namespace {

// Of two requests while the workers start or rebalance.
constexpr std::chrono::milliseconds kBetweenTries(250);

// The `message` of an error's body, or its beginning.
std::string MessageOf(const HttpResponse& response) {
  if (const auto fields = ParseJsonObject(response.body)) {
    for (const JsonField& field : *fields) {
      if (field.name == "message") return field.value;
    }
  }
  return response.body.substr(0, 200);
}

}  // namespace

HttpResponse ConnectClient::Ask(const std::string& method, const std::string& path,
                                const std::string& body) {
  std::optional<TaskError> waits;  // why, as the worker said last
  for (;;) {
    HttpResponse response;
    try {
      response = client_.Ask(method, path, body);
    } catch (const TaskError&) {
      run_.stop.ThrowIfSignalled();
      if (waits && run_.stop.Requested()) throw *std::move(waits);  // says more than a timeout
      throw;
    }
    // A worker that starts says 404 to everything for a moment, in HTML.
    const bool is_starting = response.status == 404 && !ParseJsonObject(response.body);
    if (response.status < 300 || (response.status == 404 && !is_starting)) return response;
    const std::string message = fmt::format("{} {}: {}", method, path, MessageOf(response));
    if (response.status != 409 && !is_starting) throw TaskError(ExitCode::kConfig, message);
    waits.emplace(is_starting
                      ? TaskError(ExitCode::kConfig,
                                  fmt::format("{} {}: HTTP 404: is this Kafka Connect? ({})",
                                              method, path, client_.server().source))
                      : TaskError(ExitCode::kTransient, message));
    if (run_.stop.WaitFor(kBetweenTries)) run_.stop.ThrowIfSignalled();
    if (run_.stop.Requested()) throw *std::move(waits);
  }
}

std::set<std::string> ConnectClient::ConnectorClasses() {
  std::set<std::string> classes;
  const auto plugins = ParseJsonArray(Ask("GET", "/connector-plugins").body);
  if (!plugins) {
    throw TaskError(ExitCode::kConfig, fmt::format("GET /connector-plugins: {}: is this Kafka "
                                                   "Connect? ({})",
                                                   plugins.error(), client_.server().source));
  }
  for (const JsonField& plugin : *plugins) {
    const auto fields = ParseJsonObject(plugin.value);
    if (!fields) continue;
    for (const JsonField& field : *fields) {
      if (field.name == "class") classes.insert(field.value);
    }
  }
  return classes;
}

std::optional<std::map<std::string, std::string>> ConnectClient::Config(const std::string& name) {
  const std::string path = fmt::format("/connectors/{}/config", name);
  const HttpResponse response = Ask("GET", path);
  if (response.status == 404) return std::nullopt;
  auto config = ParseConnectorConfig(response.body);
  if (!config) {
    throw TaskError(ExitCode::kConfig, fmt::format("GET {}: {}", path, config.error()));
  }
  return *std::move(config);
}

std::optional<ConnectorStatus> ConnectClient::Status(const std::string& name) {
  const std::string path = fmt::format("/connectors/{}/status", name);
  const HttpResponse response = Ask("GET", path);
  if (response.status == 404) return std::nullopt;
  auto status = ParseConnectorStatus(response.body);
  if (!status) {
    throw TaskError(ExitCode::kConfig, fmt::format("GET {}: {}", path, status.error()));
  }
  return *std::move(status);
}

void ConnectClient::Put(const Connector& connector) {
  JsonObject body;
  for (const auto& [name, value] : connector.config) body.Add(name, value);
  Ask("PUT", fmt::format("/connectors/{}/config", connector.name), body.Take());
}

void ConnectClient::RestartFailed(const std::string& name) {
  // A POST without a body would get a content type that Connect does not take.
  Ask("POST", fmt::format("/connectors/{}/restart?includeTasks=true&onlyFailed=true", name), "{}");
}

}  // namespace steamflow
