#include "kafka_outgoing_message.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <new>

#include "kafka_error.h"

namespace steamflow {

KafkaHeaders MakeKafkaHeaders(std::span<const KafkaHeader> headers) {
  KafkaHeaders made(rd_kafka_headers_new(headers.size()));
  for (const auto& [name, value] : headers) {
    // librdkafka copies name and value, so it can only fail for lack of memory.
    if (rd_kafka_header_add(made.get(), name.data(), static_cast<ssize_t>(name.size()),
                            value.data(), static_cast<ssize_t>(value.size()))) {
      throw std::bad_alloc();
    }
  }
  return made;
}

bool IsRefusal(int error) {
  return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
         error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE || error == RD_KAFKA_RESP_ERR_INVALID_MSG ||
         error == RD_KAFKA_RESP_ERR_INVALID_RECORD;
}

TaskError ProducingError(int error, const std::string& topic) {
  std::string what = fmt::format("producing to {}: {}", topic,
                                 rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(error)));
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
    what += ": the topic does not exist (kafka-create-topics creates it)";
  } else if (error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) {
    what += ": no topic can have this name";
  } else if (error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP) {
    what += ": set the clock of this machine right, or the topic's message.timestamp.* limits";
  }
  return {CodeOfKafkaError(error), what};
}

}  // namespace steamflow
