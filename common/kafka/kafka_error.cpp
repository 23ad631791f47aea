#include "kafka_error.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <utility>

namespace steamflow {
namespace {

// Returns a hint for a failed SCRAM login. librdkafka before 2.6.1 sends the client nonce twice,
// which Kafka 4 treats like a wrong password.
std::string HintFor(std::string_view reason) {
  if (rd_kafka_version() >= 0x020601ff || reason.find("SCRAM") == std::string_view::npos) return "";
  return fmt::format(
      "; if the password is correct: librdkafka {} cannot log in to Kafka 4 with SCRAM, 2.6.1 and "
      "later can",
      rd_kafka_version_str());
}

}  // namespace

std::optional<TaskError> KafkaRefusal(int error, std::string_view reason) {
  if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
    return TaskError(ExitCode::kAuth,
                     fmt::format("logging in to Kafka: {}{}", reason, HintFor(reason)));
  }
  // The error of a handshake that was merely cut off does not mention a certificate.
  if (error == RD_KAFKA_RESP_ERR__SSL && reason.find("certificate") != std::string_view::npos) {
    return TaskError(ExitCode::kConfig, fmt::format("the certificate of Kafka: {}", reason));
  }
  return std::nullopt;
}

void KafkaTroubles::Add(int error, const char* reason) {
  if (auto refusal = KafkaRefusal(error, reason)) {
    login = std::move(refusal);
    // That report would not say anything about the cause.
  } else if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    broker = reason;
  }
}

ExitCode CodeOfKafkaError(int error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
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
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return ExitCode::kConfig;
    default:
      return ExitCode::kTransient;
  }
}

TaskError KafkaErrorOf(const std::string& doing, int error) {
  std::string what =
      fmt::format("{}: {}", doing, rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(error)));
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
    what += " (kafka-create-topics creates topics)";
  }
  return {CodeOfKafkaError(error), what};
}

}  // namespace steamflow
