#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "task_error.h"

// What an error of librdkafka means for a run.

namespace steamflow {

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

}  // namespace steamflow
