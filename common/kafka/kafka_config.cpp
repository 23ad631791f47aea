#include "kafka_config.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "airflow_connection.h"
#include "flags.h"
#include "host_port.h"
#include "kafka_handles.h"
#include "task_error.h"

namespace steamflow {
namespace {

const ConnectionKind kKind{.name = "Kafka", .flag = "--brokers", .example = "kafka://host:9092"};

struct Origin {
  std::string name;  // the flag or variable
  ExitCode code;
};

void Put(KafkaProperties& properties, std::string name, std::string value) {
  const auto same = std::find_if(properties.begin(), properties.end(),
                                 [&](const auto& property) { return property.first == name; });
  if (same != properties.end()) {
    same->second = std::move(value);
  } else {
    properties.emplace_back(std::move(name), std::move(value));
  }
}

// Validates one entry of bootstrap.servers, which may begin with a protocol: SSL://host:9093.
bool IsServer(std::string_view entry) {
  const auto scheme = entry.find("://");
  if (scheme != std::string_view::npos) entry.remove_prefix(scheme + 3);
  return ParseHostPort(entry).has_value();
}

// Validates bootstrap.servers. librdkafka accepts any text and would look for the brokers until the
// deadline.
void CheckServers(std::string_view servers, const Origin& origin) {
  while (!servers.empty()) {
    const auto end = std::min(servers.find(','), servers.size());
    std::string_view entry = servers.substr(0, end);
    servers.remove_prefix(std::min(end + 1, servers.size()));
    entry.remove_prefix(std::min(entry.find_first_not_of(' '), entry.size()));
    entry = entry.substr(0, entry.find_last_not_of(' ') + 1);
    if (!entry.empty() && !IsServer(entry)) {
      throw TaskError(origin.code, fmt::format("{}: '{}' is not the address of a broker, host:port",
                                               origin.name, entry));
    }
  }
}

void Check(const std::string& name, const std::string& value, const Origin& origin) {
  const KafkaConf scratch(rd_kafka_conf_new());
  std::array<char, 512> cause{};
  if (rd_kafka_conf_set(scratch.get(), name.c_str(), value.c_str(), cause.data(), cause.size()) !=
      RD_KAFKA_CONF_OK) {
    // librdkafka's message names the property and quotes an invalid value. That value is not a
    // secret, because secrets are free text, which librdkafka always accepts.
    throw TaskError(origin.code, fmt::format("{}: {}", origin.name, cause.data()));
  }
  if (name == "bootstrap.servers" || name == "metadata.broker.list") CheckServers(value, origin);
  const bool is_acks = name == "acks" || name == "request.required.acks";
  const bool is_in_flight =
      name == "max.in.flight" || name == "max.in.flight.requests.per.connection";
  const bool is_retries = name == "retries" || name == "message.send.max.retries";
  // These are the limits of the idempotent producer.
  const bool weakens = (is_acks && value != "all" && value != "-1") ||
                       (is_in_flight && std::atol(value.c_str()) > 5) ||
                       (is_retries && std::atol(value.c_str()) < 1) ||
                       (name == "enable.idempotence" && value != "true");
  if (weakens) {
    throw TaskError(origin.code,
                    fmt::format("{}: {}={} could lose or duplicate records; leave it out",
                                origin.name, name, value));
  }
  if (name.starts_with("test.")) {
    throw TaskError(origin.code, fmt::format("{}: {} is for librdkafka's own tests, and no record "
                                             "would reach the brokers; leave it out",
                                             origin.name, name));
  }
  if (name == "transactional.id" || (name == "delivery.report.only.error" && value != "false")) {
    throw TaskError(origin.code,
                    fmt::format("{}: with {} no record would ever count as delivered; leave it out",
                                origin.name, name));
  }
}

// Returns whether the extra is one that Airflow's Kafka provider handles itself, so that librdkafka
// would not know it.
bool IsForPython(const JsonField& field) {
  return field.name == "error_cb" || field.name == "stats_cb" || field.name == "logger" ||
         field.type == JsonField::Type::kNull;
}

void FromConnection(const ConnectionSetting& setting, KafkaProperties& out) {
  const Connection& connection = setting.connection;
  if (!connection.host.empty()) {
    const auto colons = std::count(connection.host.begin(), connection.host.end(), ':');
    const bool is_bare_ipv6 =
        colons > 1 && connection.host.find_first_of("[,") == std::string::npos;
    std::string servers = is_bare_ipv6 ? "[" + connection.host + "]" : connection.host;
    if (connection.port) servers += fmt::format(":{}", *connection.port);
    CheckServers(servers, {setting.source, setting.if_invalid});
    Put(out, "bootstrap.servers", servers);
  }
  for (const JsonField& field : connection.extra) {
    if (IsForPython(field)) continue;
    std::string name = field.name == "metadata.broker.list" ? "bootstrap.servers" : field.name;
    Check(name, field.value, {setting.source, setting.if_invalid});
    Put(out, std::move(name), field.value);
  }
}

KafkaProperties OfFlags(const KafkaFlags& flags) {
  KafkaProperties properties;
  if (!flags.brokers.empty()) {
    CheckServers(flags.brokers, {"--brokers", ExitCode::kUsage});
    Put(properties, "bootstrap.servers", flags.brokers);
  }
  for (const std::string& setting : flags.config) {
    const Origin origin{"--kafka-config", ExitCode::kUsage};
    const auto equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw TaskError(origin.code, fmt::format("--kafka-config: '{}' is not name=value", setting));
    }
    const std::string name = setting.substr(0, equals);
    if (IsSecretName(name)) {
      throw TaskError(origin.code,
                      fmt::format("--kafka-config {}: a secret on a command line can be seen by "
                                  "every user of the machine; give it in {}",
                                  name, ConnectionVariable(flags.conn_id)));
    }
    const std::string value = setting.substr(equals + 1);
    Check(name, value, origin);
    Put(properties, name, value);
  }
  return properties;
}

}  // namespace

void KafkaFlags::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Kafka");
  own.Add("--brokers", brokers, "Kafka brokers, host:port,...");
  own.Add("--kafka-conn-id", conn_id, "Airflow Connection of Kafka")
      .Environment(ConnectionVariable(conn_id));
  own.Add("--kafka-config", config, "A librdkafka property, name=value; repeatable");
}

void KafkaFlags::Check() const {
  OfFlags(*this);
}

KafkaProperties ReadKafkaProperties(const KafkaFlags& flags, Log& log) {
  KafkaProperties properties;
  // No URL is passed here: --brokers overrides the brokers of the Connection but keeps its other
  // properties.
  const auto connection = FindConnection(kKind, "", flags.conn_id, log);
  if (connection) FromConnection(*connection, properties);
  for (auto& [name, value] : OfFlags(flags)) Put(properties, name, std::move(value));
  const auto servers = std::find_if(properties.begin(), properties.end(), [](const auto& property) {
    return property.first == "bootstrap.servers" && !property.second.empty();
  });
  if (servers == properties.end()) throw MissingConnection(kKind, flags.conn_id);
  return properties;
}

}  // namespace steamflow
