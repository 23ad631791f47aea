#include "kafka_client.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <array>

namespace steamflow {

KafkaConf MakeKafkaConf(const KafkaProperties& defaults, const KafkaProperties& properties) {
  KafkaConf conf(rd_kafka_conf_new());
  for (const KafkaProperties* some : {&defaults, &properties}) {
    for (const auto& [name, value] : *some) {
      std::array<char, 512> cause{};
      if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), cause.data(), cause.size()) !=
          RD_KAFKA_CONF_OK) {
        throw TaskError(ExitCode::kConfig, fmt::format("Kafka property: {}", cause.data()));
      }
    }
  }
  rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  return conf;
}

ExitCode CodeOfKafkaError(int error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return ExitCode::kAuth;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return ExitCode::kConfig;
    default:
      return ExitCode::kTransient;
  }
}

}  // namespace steamflow
