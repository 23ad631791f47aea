#include "connect_client.h"

#include <fmt/format.h>

#include "json_document.h"

namespace steamflow {
namespace {

// The time between two requests while the workers start or rebalance.
constexpr std::chrono::milliseconds kRetryInterval(250);

bool IsObject(const std::string& body) {
  const auto json = ParseJson(body);
  return json && json->is_object();
}

// Returns the `message` in the body of an error, or the beginning of the body if it has none.
std::string MessageOf(const HttpResponse& response) {
  const auto body = ParseJson(response.body);
  if (body && body->contains("message")) return TextOf((*body)["message"]);
  return response.body.substr(0, 200);
}

}  // namespace

HttpResponse ConnectClient::Ask(const std::string& method, const std::string& path,
                                const std::string& body) {
  std::optional<TaskError> waits;  // why this waits, in the worker's last words
  for (;;) {
    HttpResponse response;
    try {
      response = client_.Ask(method, path, body);
    } catch (const TaskError&) {
      run_.stop.ThrowIfSignalled();
      if (waits && run_.stop.Requested()) throw *std::move(waits);  // tells more than the timeout
      throw;
    }
    // A starting worker answers every request with 404 for a moment, in HTML.
    const bool is_starting = response.status == 404 && !IsObject(response.body);
    if (response.status < 300 || (response.status == 404 && !is_starting)) return response;
    const std::string message = fmt::format("{} {}: {}", method, path, MessageOf(response));
    if (response.status != 409 && !is_starting) throw TaskError(ExitCode::kConfig, message);
    waits.emplace(is_starting
                      ? TaskError(ExitCode::kConfig,
                                  fmt::format("{} {}: HTTP 404: is this Kafka Connect? ({})",
                                              method, path, client_.server().source))
                      : TaskError(ExitCode::kTransient, message));
    if (run_.stop.WaitFor(kRetryInterval)) run_.stop.ThrowIfSignalled();
    if (run_.stop.Requested()) throw *std::move(waits);
  }
}

std::set<std::string> ConnectClient::ConnectorClasses() {
  std::set<std::string> classes;
  auto plugins = ParseJson(Ask("GET", "/connector-plugins").body);
  if (plugins && !plugins->is_array()) plugins = tl::unexpected(std::string("not a JSON array"));
  if (!plugins) {
    throw TaskError(ExitCode::kConfig, fmt::format("GET /connector-plugins: {}: is this Kafka "
                                                   "Connect? ({})",
                                                   plugins.error(), client_.server().source));
  }
  for (const Json& plugin : *plugins) {
    const Json& name = FieldOf(plugin, "class");
    if (name.is_string()) classes.insert(TextOf(name));
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
  Ask("PUT", fmt::format("/connectors/{}/config", connector.name), FormatJson(connector.config));
}

void ConnectClient::RestartFailed(const std::string& name) {
  // Without a body, the POST would get a content type that Connect refuses.
  Ask("POST", fmt::format("/connectors/{}/restart?includeTasks=true&onlyFailed=true", name), "{}");
}

}  // namespace steamflow
