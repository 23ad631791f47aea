#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "task_error.h"

// Maps errors of librdkafka to errors of a run.

namespace steamflow {

// Returns the error for a report of librdkafka's error callback that no retry can change: kAuth for
// a rejected login, kConfig for a rejected certificate. Returns nullopt for every other report.
std::optional<TaskError> KafkaRefusal(int error, std::string_view reason);

// Collects the reports of librdkafka's error callback.
struct KafkaTroubles {
  void Add(int error, const char* reason);  // `error` is an rd_kafka_resp_err_t

  std::optional<TaskError> login;  // set if the login or the server's certificate was rejected
  // The last report about a broker. librdkafka tries that broker again by itself.
  std::string broker;
};

// Returns the exit code for an rd_kafka_resp_err_t: kAuth if a login was rejected or permission
// denied, kConfig if the brokers will never accept the request, otherwise kTransient.
ExitCode CodeOfKafkaError(int error);

// Returns the error with that code. Its message begins with `doing`, which says what failed.
TaskError KafkaErrorOf(const std::string& doing, int error);

}  // namespace steamflow
