// Exports the metrics of a real Kafka under the names of danielqsj/kafka_exporter
// (https://github.com/danielqsj/kafka_exporter#metrics). That exporter itself is not packaged by
// Debian.

#include <httplib.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

constexpr int kTimeoutMs = 5000;

using Client = std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)>;
using Partition = std::pair<std::string, int>;

// Properties of librdkafka by name.
using Properties = std::map<std::string, std::string>;

Client MakeClient(const Properties& properties, const std::string& group) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> cause{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), cause.data(), cause.size())) {
      throw std::runtime_error(cause.data());
    }
  }
  rd_kafka_conf_set(conf, "group.id", group.c_str(), nullptr, 0);
  rd_kafka_conf_set_log_cb(conf, nullptr);
  Client client(rd_kafka_new(RD_KAFKA_CONSUMER, conf, cause.data(), cause.size()),
                &rd_kafka_destroy);
  if (!client) throw std::runtime_error(cause.data());
  return client;
}

void Check(rd_kafka_resp_err_t error) {
  if (error) throw std::runtime_error(rd_kafka_err2str(error));
}

std::string Labels(const Partition& partition) {
  return "topic=\"" + partition.first + "\",partition=\"" + std::to_string(partition.second) + "\"";
}

class KafkaMetrics {
 public:
  explicit KafkaMetrics(Properties properties)
      : properties_(std::move(properties)), client_(MakeClient(properties_, "kafka-metrics")) {}

  std::string Text() {
    const std::lock_guard lock(mutex_);
    text_.str("");
    std::map<Partition, std::int64_t> ends;
    AddPartitions(ends);
    const rd_kafka_group_list* groups = nullptr;
    Check(rd_kafka_list_groups(client_.get(), nullptr, &groups, kTimeoutMs));
    const std::unique_ptr<const rd_kafka_group_list, decltype(&rd_kafka_group_list_destroy)> owner(
        groups, &rd_kafka_group_list_destroy);
    for (int i = 0; i < groups->group_cnt; ++i) AddGroup(groups->groups[i], ends);
    return text_.str();
  }

 private:
  void Add(const std::string& name, const std::string& labels, std::int64_t value) {
    text_ << "kafka_" << name << '{' << labels << "} " << value << '\n';
  }

  void AddPartitions(std::map<Partition, std::int64_t>& ends) {
    const rd_kafka_metadata_t* metadata = nullptr;
    Check(rd_kafka_metadata(client_.get(), 1, nullptr, &metadata, kTimeoutMs));
    const std::unique_ptr<const rd_kafka_metadata_t, decltype(&rd_kafka_metadata_destroy)> owner(
        metadata, &rd_kafka_metadata_destroy);
    Add("brokers", "", metadata->broker_cnt);
    for (int i = 0; i < metadata->topic_cnt; ++i) {
      const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
      Add("topic_partitions", "topic=\"" + std::string(topic.topic) + "\"", topic.partition_cnt);
      for (int j = 0; j < topic.partition_cnt; ++j) {
        const rd_kafka_metadata_partition_t& of = topic.partitions[j];
        const Partition partition{topic.topic, of.id};
        std::int64_t oldest = 0;
        Check(rd_kafka_query_watermark_offsets(client_.get(), topic.topic, of.id, &oldest,
                                               &ends[partition], kTimeoutMs));
        const std::string labels = Labels(partition);
        Add("topic_partition_oldest_offset", labels, oldest);
        Add("topic_partition_current_offset", labels, ends[partition]);
        Add("topic_partition_leader", labels, of.leader);
        Add("topic_partition_leader_is_preferred", labels,
            of.replica_cnt > 0 && of.replicas[0] == of.leader);
        Add("topic_partition_replicas", labels, of.replica_cnt);
        Add("topic_partition_in_sync_replica", labels, of.isr_cnt);
        Add("topic_partition_under_replicated_partition", labels, of.isr_cnt < of.replica_cnt);
      }
    }
  }

  void AddGroup(const rd_kafka_group_info& group, const std::map<Partition, std::int64_t>& ends) {
    const std::string name = group.group;
    const Client client = MakeClient(properties_, name);
    const std::unique_ptr<rd_kafka_topic_partition_list_t,
                          decltype(&rd_kafka_topic_partition_list_destroy)>
        offsets(rd_kafka_topic_partition_list_new(0), &rd_kafka_topic_partition_list_destroy);
    for (const auto& [partition, end] : ends) {
      rd_kafka_topic_partition_list_add(offsets.get(), partition.first.c_str(), partition.second);
    }
    Check(rd_kafka_committed(client.get(), offsets.get(), kTimeoutMs));
    std::map<std::string, std::int64_t> lags;
    for (int i = 0; i < offsets->cnt; ++i) {
      const rd_kafka_topic_partition_t& of = offsets->elems[i];
      if (of.offset < 0) continue;  // nothing is committed
      const Partition partition{of.topic, of.partition};
      const std::string labels = "consumergroup=\"" + name + "\"," + Labels(partition);
      const std::int64_t lag = ends.at(partition) - of.offset;
      Add("consumergroup_current_offset", labels, of.offset);
      Add("consumergroup_lag", labels, lag);
      lags[of.topic] += lag;
    }
    for (const auto& [topic, lag] : lags) {
      Add("consumergroup_lag_sum", "consumergroup=\"" + name + "\",topic=\"" + topic + "\"", lag);
    }
    Add("consumergroup_members", "consumergroup=\"" + name + "\"", group.member_cnt);
  }

  const Properties properties_;
  const Client client_;
  std::mutex mutex_;
  std::ostringstream text_;
};

}  // namespace

// kafka-metrics BROKERS [PORT [NAME=VALUE...]]: serves /metrics until it is stopped.
// With PORT it listens on all addresses; otherwise it chooses a free port on loopback and prints
// its address. NAME=VALUE sets a property of librdkafka.
int main(int argc, char** argv) {
  if (argc < 2) return 64;
  Properties properties = {{"bootstrap.servers", argv[1]}};
  for (int i = 3; i < argc; ++i) {
    const std::string property = argv[i];
    const std::size_t equals = property.find('=');
    if (equals == std::string::npos) return 64;
    properties[property.substr(0, equals)] = property.substr(equals + 1);
  }
  KafkaMetrics metrics(std::move(properties));
  httplib::Server server;
  server.Get("/metrics", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(metrics.Text(), "text/plain; version=0.0.4");
  });
  server.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok", "text/plain");
  });
  if (argc > 2) return server.listen("0.0.0.0", std::stoi(argv[2])) ? 0 : 1;
  std::cout << "127.0.0.1:" << server.bind_to_any_port("127.0.0.1") << std::endl;
  return server.listen_after_bind() ? 0 : 1;
}
