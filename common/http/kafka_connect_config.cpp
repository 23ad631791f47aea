#include "kafka_connect_config.h"

#include "airflow_connection.h"
#include "flags.h"
#include "rest_config.h"

namespace steamflow {
namespace {

const RestKind kKind{.connection = {.name = "Kafka Connect",
                                    .flag = "--connect-url",
                                    .example = "http://localhost:8083"},
                     .types = {"connect"},
                     .port = 8083,
                     .data = "the connectors' passwords"};

}  // namespace

void ConnectFlags::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Kafka Connect");
  own.Add("--connect-url", url, "Kafka Connect, http://host:8083").Format("uri");
  own.Add("--connect-conn-id", conn_id, "Airflow Connection of Kafka Connect")
      .Environment(ConnectionVariable(conn_id));
}

RestServer ReadConnectServer(const ConnectFlags& flags, Run& run) {
  const auto setting = ReadConnection(kKind.connection, flags.url, flags.conn_id, run.log);
  return ServerOf(setting, kKind, run.options.allow_http);
}

}  // namespace steamflow
