#include "kafka_handles.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <chrono>
#include <system_error>
#include <utility>

#include "detached_call.h"
#include "task_error.h"

namespace steamflow {
namespace {

constexpr std::chrono::milliseconds kLongestShutdown(500);

KafkaHandle MakeKafkaHandle(rd_kafka_type_t type, KafkaConf conf) {
  std::array<char, 512> cause{};
  KafkaHandle handle(rd_kafka_new(type, conf.get(), cause.data(), cause.size()));
  if (!handle) {
    const bool is_shortage = rd_kafka_last_error() == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
    throw TaskError(is_shortage ? ExitCode::kTransient : ExitCode::kConfig,
                    fmt::format("Kafka: {}", cause.data()));
  }
  static_cast<void>(conf.release());  // the handle owns it now
  return handle;
}

}  // namespace

// rd_kafka_destroy() waits for librdkafka's threads, which may themselves wait for a name server,
// or for ever (2.0.2, after a topic was deleted). It therefore runs on a detached thread. No group
// was joined, so there is none to leave.
void KafkaDeleter::operator()(rd_kafka_s* handle) const {
  try {
    const auto end = Detach<bool>([handle] {
      rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
      return true;
    });
    end.wait_for(kLongestShutdown);
  } catch (const std::system_error&) {
    // No more threads can be started. The handle stays until the process ends.
  }
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
