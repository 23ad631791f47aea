#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kafka_config.h"
#include "kafka_handles.h"
#include "kafka_partition.h"
#include "task_error.h"

// What every user of librdkafka needs, for the .cpp files that use it.

namespace steamflow {

// A configuration with `properties` on top of `defaults`, whose log goes nowhere: librdkafka would
// write to stderr, and what matters comes through errors. Throws TaskError (kConfig).
KafkaConf MakeKafkaConf(const KafkaProperties& defaults, const KafkaProperties& properties);

// A client of that configuration. Throw TaskError (kConfig).
KafkaHandle MakeKafkaProducer(KafkaConf conf);
KafkaHandle MakeKafkaConsumer(KafkaConf conf);

// What librdkafka's error callback tells where no other try would change it: kAuth for a login that
// is refused, kConfig for a certificate.
std::optional<TaskError> KafkaRefusal(int error, std::string_view reason);

// What librdkafka's error callback has told.
struct KafkaTroubles {
  void Add(int error, const char* reason);  // an rd_kafka_resp_err_t

  std::optional<TaskError> login;  // refused, or the server's certificate
  std::string broker;              // the last that librdkafka spoke of; it tries again by itself
};

// The exit code that fits an rd_kafka_resp_err_t: kAuth where a login or a right was refused,
// kConfig where the brokers will never take what was asked for, else kTransient.
ExitCode CodeOfKafkaError(int error);

// The same as an error, whose message begins with what was being done.
TaskError KafkaErrorOf(const std::string& doing, int error);

// Partitions as librdkafka takes them. `offsets`: one each, or one for all.
KafkaPartitionList MakeKafkaPartitionList(const std::vector<KafkaPartition>& partitions,
                                          const std::vector<std::int64_t>& offsets);

}  // namespace steamflow
