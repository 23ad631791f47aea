#include "kafka_client.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <chrono>
#include <utility>

#include "detached_call.h"

namespace steamflow {
namespace {

constexpr std::chrono::milliseconds kLongestShutdown(500);

KafkaHandle MakeKafkaHandle(rd_kafka_type_t type, KafkaConf conf) {
  std::array<char, 512> cause{};
  KafkaHandle handle(rd_kafka_new(type, conf.get(), cause.data(), cause.size()));
  if (!handle) throw TaskError(ExitCode::kConfig, fmt::format("Kafka: {}", cause.data()));
  static_cast<void>(conf.release());  // the handle owns it now
  return handle;
}

// librdkafka before 2.6.1 sends SCRAM's nonce twice. Kafka 4 takes that for a wrong password.
std::string HintFor(std::string_view reason) {
  if (rd_kafka_version() >= 0x020601ff || reason.find("SCRAM") == std::string_view::npos) return "";
  return fmt::format(
      "; where the password is right: librdkafka {} cannot log in to Kafka 4 by SCRAM, 2.6.1 and "
      "later can",
      rd_kafka_version_str());
}

}  // namespace

// librdkafka waits here for its threads, and these for a name server, or for ever (2.0.2, where a
// topic was deleted). No group was joined, so there is none to leave.
void KafkaDeleter::operator()(rd_kafka_s* handle) const {
  const auto end = Detach<bool>([handle] {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return true;
  });
  end.wait_for(kLongestShutdown);
}

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

KafkaHandle MakeKafkaProducer(KafkaConf conf) {
  return MakeKafkaHandle(RD_KAFKA_PRODUCER, std::move(conf));
}

KafkaHandle MakeKafkaConsumer(KafkaConf conf) {
  return MakeKafkaHandle(RD_KAFKA_CONSUMER, std::move(conf));
}

std::optional<TaskError> KafkaRefusal(int error, std::string_view reason) {
  if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
    return TaskError(ExitCode::kAuth,
                     fmt::format("logging in to Kafka: {}{}", reason, HintFor(reason)));
  }
  // A handshake that was cut off speaks of no certificate.
  if (error == RD_KAFKA_RESP_ERR__SSL && reason.find("certificate") != std::string_view::npos) {
    return TaskError(ExitCode::kConfig, fmt::format("the certificate of Kafka: {}", reason));
  }
  return std::nullopt;
}

void KafkaTroubles::Add(int error, const char* reason) {
  if (auto refusal = KafkaRefusal(error, reason)) {
    login = std::move(refusal);
  } else if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {  // says nothing of the cause
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
    what += " (kafka-create-topics makes topics)";
  }
  return {CodeOfKafkaError(error), what};
}

KafkaPartitionList MakeKafkaPartitionList(const std::vector<KafkaPartition>& partitions,
                                          const std::vector<std::int64_t>& offsets) {
  KafkaPartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    rd_kafka_topic_partition_list_add(list.get(), partitions[i].topic.c_str(), partitions[i].id)
        ->offset = offsets[offsets.size() == 1 ? 0 : i];
  }
  return list;
}

}  // namespace steamflow
