#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace steamflow::test {

// librdkafka's cluster of mock brokers, inside this process. A topic is created at its first use.
class MockKafka {
 public:
  explicit MockKafka(int brokers = 1);

  std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_.get()); }
  rd_kafka_mock_cluster_t* cluster() { return cluster_.get(); }

  // The next requests of this kind fail with these errors, one error per request. The kind is the
  // protocol's API key: 0 Produce, 3 Metadata, 22 InitProducerId.
  void FailNext(std::int16_t api_key, const std::vector<rd_kafka_resp_err_t>& errors);

 private:
  struct HandleDeleter {
    void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  };
  struct ClusterDeleter {
    void operator()(rd_kafka_mock_cluster_t* cluster) const {
      rd_kafka_mock_cluster_destroy(cluster);
    }
  };
  std::unique_ptr<rd_kafka_t, HandleDeleter> handle_;
  std::unique_ptr<rd_kafka_mock_cluster_t, ClusterDeleter> cluster_;
};

}  // namespace steamflow::test
