#include "airflow_connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "ascii_case.h"
#include "environment.h"
#include "task_supervisor.h"

namespace steamflow {
namespace {

void AddSecrets(const std::vector<JsonField>& fields, std::vector<std::string>& secrets) {
  for (const JsonField& field : fields) {
    if (IsSecretName(field.name) && !field.value.empty()) secrets.push_back(field.value);
    if (field.type != JsonField::Type::kObject) continue;
    if (const auto inner = ParseJsonObject(field.value)) AddSecrets(*inner, secrets);
  }
}

}  // namespace

std::string ConnectionVariable(const std::string& id) {
  return "AIRFLOW_CONN_" + AsciiUpper(id);
}

std::optional<std::string> AirflowConnection(const std::string& id) {
  if (auto text = EnvironmentValue(ConnectionVariable(id))) return text;
  TaskSupervisor* const supervisor = TaskSupervisor::Inherited();
  return supervisor ? supervisor->Connection(id) : std::nullopt;
}

std::optional<ConnectionSetting> FindConnection(const ConnectionKind& kind, const std::string& url,
                                                const std::string& conn_id, Log& log) {
  const bool is_flag = !url.empty();
  const std::string source = is_flag ? kind.flag : ConnectionVariable(conn_id);
  const ExitCode if_invalid = is_flag ? ExitCode::kUsage : ExitCode::kConfig;
  const auto text = is_flag ? std::optional(url) : AirflowConnection(conn_id);
  if (!text) return std::nullopt;
  auto connection = ParseConnection(*text);
  if (!connection) {
    throw TaskError(if_invalid, fmt::format("{}: {}", source, connection.error()));
  }
  const auto secrets = Secrets(*connection);
  if (is_flag && !secrets.empty()) {
    throw TaskError(if_invalid,
                    fmt::format("{}: a password on a command line can be seen by every user of the "
                                "machine; give the connection in {} instead",
                                source, ConnectionVariable(conn_id)));
  }
  for (const std::string& secret : secrets) log.AddSecret(secret);
  return ConnectionSetting{*std::move(connection), source, if_invalid};
}

TaskError MissingConnection(const ConnectionKind& kind, const std::string& conn_id) {
  return {ExitCode::kConfig, fmt::format("no {} connection: set {} ({}) or give {}", kind.name,
                                         ConnectionVariable(conn_id), kind.example, kind.flag)};
}

ConnectionSetting ReadConnection(const ConnectionKind& kind, const std::string& url,
                                 const std::string& conn_id, Log& log) {
  auto found = FindConnection(kind, url, conn_id, log);
  if (!found) throw MissingConnection(kind, conn_id);
  return *std::move(found);
}

bool IsSecretName(const std::string& name) {
  const std::string lower = AsciiLower(name);
  const auto has = [&](std::string_view word) { return lower.find(word) != std::string::npos; };
  return has("password") || has("secret") || (has("token") && !has("endpoint")) ||
         has("sasl.jaas") || has("api_key") || has("passphrase") || lower == "ssl.key.pem";
}

std::vector<std::string> Secrets(const Connection& connection) {
  std::vector<std::string> secrets;
  if (!connection.password.empty()) secrets.push_back(connection.password);
  AddSecrets(connection.extra, secrets);
  return secrets;
}

}  // namespace steamflow
