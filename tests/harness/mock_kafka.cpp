#include "mock_kafka.h"

#include <stdexcept>

namespace steamflow::test {

MockKafka::MockKafka(int brokers)
    : handle_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)),
      cluster_(handle_ ? rd_kafka_mock_cluster_new(handle_.get(), brokers) : nullptr) {
  if (!cluster_) throw std::runtime_error("rd_kafka_mock_cluster_new failed");
}

void MockKafka::FailNext(std::int16_t api_key, const std::vector<rd_kafka_resp_err_t>& errors) {
  rd_kafka_mock_push_request_errors_array(cluster_.get(), api_key, errors.size(), errors.data());
}

}  // namespace steamflow::test
