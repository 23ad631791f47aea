#include "kafka_changes.h"

#include <array>
#include <functional>
#include <stdexcept>

#include "program.h"

namespace steamflow::test {
namespace {

constexpr int kTimeout = 30'000;  // ms

using Client = std::unique_ptr<rd_kafka_t, void (*)(rd_kafka_t*)>;

Client MakeProducer(const std::map<std::string, std::string>& properties) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> cause{};
  for (const auto& [name, value] : properties) {
    rd_kafka_conf_set(conf, name.c_str(), value.c_str(), cause.data(), cause.size());
  }
  rd_kafka_conf_set_log_cb(conf, nullptr);
  Client client(rd_kafka_new(RD_KAFKA_PRODUCER, conf, cause.data(), cause.size()),
                &rd_kafka_destroy);
  if (!client) throw std::runtime_error(cause.data());
  return client;
}

// Sends an admin request and waits for its response.
void Ask(const std::string& brokers,
         const std::function<void(rd_kafka_t*, rd_kafka_queue_t*)>& request) {
  const Client client = MakeProducer({{"bootstrap.servers", brokers}});
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client.get());
  request(client.get(), queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, kTimeout);
  const std::string error = !event                        ? "no response"
                            : rd_kafka_event_error(event) ? rd_kafka_event_error_string(event)
                                                          : "";
  if (event) rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  if (!error.empty()) throw std::runtime_error(error);
}

void Require(rd_kafka_error_t* error) {
  if (!error) return;
  const std::string what = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  throw std::runtime_error(what);
}

void Await(const std::function<bool()>& condition) {
  if (!Eventually(condition)) throw std::runtime_error("the change does not become visible");
}

}  // namespace

void AddPartitions(const std::string& brokers, const std::string& topic, int total) {
  Ask(brokers, [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
    rd_kafka_NewPartitions_t* wanted =
        rd_kafka_NewPartitions_new(topic.c_str(), static_cast<std::size_t>(total), nullptr, 0);
    rd_kafka_CreatePartitions(client, &wanted, 1, nullptr, queue);
    rd_kafka_NewPartitions_destroy(wanted);
  });
  Await([&] { return PartitionsOf(brokers, topic) == total; });
}

void DeleteRecords(const std::string& brokers, const std::string& topic, int partition,
                   std::int64_t before) {
  Ask(brokers, [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = before;
    rd_kafka_DeleteRecords_t* wanted = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(client, &wanted, 1, nullptr, queue);
    rd_kafka_DeleteRecords_destroy(wanted);
    rd_kafka_topic_partition_list_destroy(list);
  });
}

int LeaderOf(const std::string& brokers, const std::string& topic, int partition) {
  const Client client = MakeProducer({{"bootstrap.servers", brokers}});
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client.get(), topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(client.get(), 0, handle, &metadata, kTimeout);
  rd_kafka_topic_destroy(handle);
  if (error) throw std::runtime_error(rd_kafka_err2str(error));
  int leader = -1;
  for (int i = 0; i < metadata->topics[0].partition_cnt; ++i) {
    const auto& found = metadata->topics[0].partitions[i];
    if (found.id == partition) leader = found.leader;
  }
  rd_kafka_metadata_destroy(metadata);
  return leader;
}

void Allow(const std::string& brokers, rd_kafka_ResourceType_t type, const std::string& name,
           rd_kafka_AclOperation_t operation) {
  Ask(brokers, [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
    std::array<char, 512> cause{};
    rd_kafka_AclBinding_t* wanted = rd_kafka_AclBinding_new(
        type, name.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL, "User:guest", "*", operation,
        RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, cause.data(), cause.size());
    if (!wanted) throw std::runtime_error(cause.data());
    rd_kafka_CreateAcls(client, &wanted, 1, nullptr, queue);
    rd_kafka_AclBinding_destroy(wanted);
  });
}

void DeleteTopic(const std::string& brokers, const std::string& topic) {
  Ask(brokers, [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
    rd_kafka_DeleteTopic_t* wanted = rd_kafka_DeleteTopic_new(topic.c_str());
    rd_kafka_DeleteTopics(client, &wanted, 1, nullptr, queue);
    rd_kafka_DeleteTopic_destroy(wanted);
  });
  Await([&] { return PartitionsOf(brokers, topic) == 0; });
}

void DeleteGroup(const std::string& brokers, const std::string& group) {
  Ask(brokers, [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
    rd_kafka_DeleteGroup_t* wanted = rd_kafka_DeleteGroup_new(group.c_str());
    rd_kafka_DeleteGroups(client, &wanted, 1, nullptr, queue);
    rd_kafka_DeleteGroup_destroy(wanted);
  });
}

std::vector<std::int64_t> GroupOffsets(const std::string& brokers, const std::string& group,
                                       const std::string& topic, int partitions) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), nullptr, 0);
  rd_kafka_conf_set(conf, "group.id", group.c_str(), nullptr, 0);
  const Client client(rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0), &rd_kafka_destroy);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int id = 0; id < partitions; ++id) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), id);
  }
  const auto error = rd_kafka_committed(client.get(), list, kTimeout);
  std::vector<std::int64_t> offsets;
  for (int i = 0; i < list->cnt; ++i) {
    offsets.push_back(list->elems[i].offset < 0 ? -1 : list->elems[i].offset);
  }
  rd_kafka_topic_partition_list_destroy(list);
  if (error) throw std::runtime_error(rd_kafka_err2str(error));
  return offsets;
}

void WriteTransaction(const std::string& brokers, const std::string& topic,
                      const std::vector<NewMessage>& messages, bool commits,
                      const std::function<void()>& while_open) {
  const Client client = MakeProducer(
      {{"bootstrap.servers", brokers}, {"transactional.id", UniqueTopic("transaction")}});
  Require(rd_kafka_init_transactions(client.get(), kTimeout));
  Require(rd_kafka_begin_transaction(client.get()));
  for (const NewMessage& message : messages) {
    const auto error = rd_kafka_producev(
        client.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(message.partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(message.key->data(), message.key->size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(message.value->data()), message.value->size()),
        RD_KAFKA_V_END);
    if (error) throw std::runtime_error(rd_kafka_err2str(error));
  }
  if (rd_kafka_flush(client.get(), kTimeout)) throw std::runtime_error("a message was not written");
  if (while_open) while_open();
  Require(commits ? rd_kafka_commit_transaction(client.get(), kTimeout)
                  : rd_kafka_abort_transaction(client.get(), kTimeout));
  // Kafka reports the end before it has closed the transaction in the topic.
  ReadTopic(brokers, topic);
}

}  // namespace steamflow::test
