#include "kafka_cluster.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string_view>

#include "child_process.h"
#include "program.h"

namespace steamflow::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kTimeout(30);
// Kafka reports the end of a transaction before it has written the end into each partition. A
// transaction that a test leaves open stays open for longer than this.
constexpr std::chrono::seconds kUntilTransactionsClose(5);

struct HandleDeleter {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};
using Handle = std::unique_ptr<rd_kafka_t, HandleDeleter>;

using OnReport = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void*);

// `on_report` is called for every message that a producer has delivered or given up on.
Handle MakeClient(rd_kafka_type_t type, const std::map<std::string, std::string>& properties,
                  OnReport on_report = nullptr, void* opaque = nullptr) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> cause{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), cause.data(), cause.size()) !=
        RD_KAFKA_CONF_OK) {
      throw std::runtime_error(cause.data());
    }
  }
  rd_kafka_conf_set_log_cb(conf, nullptr);
  rd_kafka_conf_set_opaque(conf, opaque);
  if (on_report) rd_kafka_conf_set_dr_msg_cb(conf, on_report);
  Handle handle(rd_kafka_new(type, conf, cause.data(), cause.size()));
  if (!handle) throw std::runtime_error(cause.data());
  return handle;
}

// Returns whether a reader of committed messages that has reached its end has reached the end of
// the partition.
bool IsAtEnd(rd_kafka_t* client, const rd_kafka_message_t& end) {
  std::int64_t low = 0;
  std::int64_t high = 0;
  const char* const topic = rd_kafka_topic_name(end.rkt);
  if (rd_kafka_get_watermark_offsets(client, topic, end.partition, &low, &high)) return true;
  return end.offset >= high;
}

// Returns the number of partitions of the topic that have a leader.
int PartitionsWithLeaders(rd_kafka_t* client, const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  int ready = 0;
  if (rd_kafka_metadata(client, 0, handle, &metadata, 5000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    for (int i = 0; i < metadata->topics[0].partition_cnt; ++i) {
      if (metadata->topics[0].partitions[i].leader >= 0) ++ready;
    }
    rd_kafka_metadata_destroy(metadata);
  }
  rd_kafka_topic_destroy(handle);
  return ready;
}

Message Convert(const rd_kafka_message_t& raw) {
  Message message;
  message.key.assign(static_cast<const char*>(raw.key), raw.key_len);
  message.value.assign(static_cast<const char*>(raw.payload), raw.len);
  message.partition = raw.partition;
  message.offset = raw.offset;
  message.is_tombstone = raw.payload == nullptr;
  message.timestamp_ms = rd_kafka_message_timestamp(&raw, nullptr);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&raw, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return message;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &size); ++i) {
    message.headers[name].assign(static_cast<const char*>(value), size);
  }
  return message;
}

}  // namespace

std::vector<Message> ReadTopic(const std::string& brokers, const std::string& topic) {
  const Handle client = MakeClient(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers},
                                                       {"group.id", "steamflow-test"},
                                                       {"enable.auto.commit", "false"},
                                                       {"enable.partition.eof", "true"},
                                                       {"auto.offset.reset", "earliest"},
                                                       {"isolation.level", "read_committed"},
                                                       {"fetch.wait.max.ms", "20"}});
  const int partitions = PartitionsWithLeaders(client.get(), topic);
  if (partitions == 0) throw std::runtime_error("there is no topic " + topic);
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(all, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(client.get(), all);
  rd_kafka_topic_partition_list_destroy(all);

  std::vector<std::vector<Message>> read(static_cast<std::size_t>(partitions));
  const auto deadline = Clock::now() + kTimeout;
  const auto closed_by = Clock::now() + kUntilTransactionsClose;
  std::set<int> ended;
  std::set<int> open;  // partitions that are read up to an open transaction
  const auto is_over = [&] {
    const auto left = static_cast<std::size_t>(partitions) - ended.size();
    return left == 0 || (left == open.size() && Clock::now() > closed_by);
  };
  while (!is_over()) {
    if (Clock::now() > deadline) throw std::runtime_error("reading " + topic + " takes too long");
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client.get(), 100);
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      open.erase(message->partition);
      (IsAtEnd(client.get(), *message) ? ended : open).insert(message->partition);
    }
    if (!message->err) {
      read[static_cast<std::size_t>(message->partition)].push_back(Convert(*message));
    }
    rd_kafka_message_destroy(message);
  }
  std::vector<Message> messages;
  for (auto& partition : read) {
    for (auto& message : partition) messages.push_back(std::move(message));
  }
  return messages;
}

void WriteTopic(const std::string& brokers, const std::string& topic,
                const std::vector<NewMessage>& messages) {
  std::size_t stored = 0;
  const auto on_report = [](rd_kafka_t*, const rd_kafka_message_t* message, void* count) {
    if (!message->err) ++*static_cast<std::size_t*>(count);
  };
  const Handle client = MakeClient(RD_KAFKA_PRODUCER,
                                   {{"bootstrap.servers", brokers},
                                    {"enable.idempotence", "true"},
                                    {"partitioner", "murmur2_random"}},
                                   on_report, &stored);
  PartitionsWithLeaders(client.get(), topic);  // otherwise the first message may wait for a second
  for (const NewMessage& message : messages) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(message.headers.size());
    for (const auto& [name, value] : message.headers) {
      rd_kafka_header_add(headers, name.data(), -1, value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    const std::string_view key = message.key ? *message.key : std::string_view();
    const std::string_view value = message.value ? *message.value : std::string_view();
    const auto error = rd_kafka_producev(
        client.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(message.partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK),
        RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
        RD_KAFKA_V_TIMESTAMP(message.timestamp_ms), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (error) throw std::runtime_error(rd_kafka_err2str(error));
  }
  rd_kafka_flush(client.get(), static_cast<int>(std::chrono::milliseconds(kTimeout).count()));
  if (stored != messages.size()) throw std::runtime_error("writing " + topic + " failed");
}

void CreateTopic(const std::string& brokers, const std::string& topic, int partitions,
                 const std::map<std::string, std::string>& config) {
  const Handle client = MakeClient(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}});
  std::array<char, 512> cause{};
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, cause.data(), cause.size());
  for (const auto& [name, value] : config) {
    rd_kafka_NewTopic_set_config(wanted, name.c_str(), value.c_str());
  }
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client.get());
  rd_kafka_CreateTopics(client.get(), &wanted, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 30'000);
  std::string error = event ? "" : "no response";
  if (event && rd_kafka_event_error(event)) {
    error = rd_kafka_event_error_string(event);
  } else if (event) {
    std::size_t count = 0;
    const auto results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    const auto code = rd_kafka_topic_result_error(results[0]);
    if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      error = rd_kafka_topic_result_error_string(results[0]);
    }
  }
  if (event) rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_NewTopic_destroy(wanted);
  if (!error.empty()) throw std::runtime_error("creating topic " + topic + ": " + error);
  if (!Eventually([&] { return PartitionsWithLeaders(client.get(), topic) == partitions; })) {
    throw std::runtime_error("topic " + topic + " does not get leaders");
  }
}

int PartitionsOf(const std::string& brokers, const std::string& topic) {
  const Handle client = MakeClient(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers}});
  return PartitionsWithLeaders(client.get(), topic);
}

std::string ConfigOf(const std::string& brokers, const std::string& topic,
                     const std::string& name) {
  const Handle client = MakeClient(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}});
  rd_kafka_ConfigResource_t* wanted =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client.get());
  rd_kafka_DescribeConfigs(client.get(), &wanted, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 30'000);
  std::string value = "(not set)";
  std::string error = event ? rd_kafka_event_error_string(event) : "no response";
  if (event && !rd_kafka_event_error(event)) {
    std::size_t count = 0;
    const auto resources = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &count);
    if (rd_kafka_ConfigResource_error(resources[0])) {
      error = rd_kafka_ConfigResource_error_string(resources[0]);
    } else {
      error.clear();
    }
    const auto entries = rd_kafka_ConfigResource_configs(resources[0], &count);
    for (std::size_t i = 0; i < count; ++i) {
      if (name == rd_kafka_ConfigEntry_name(entries[i])) {
        value = rd_kafka_ConfigEntry_value(entries[i]);
      }
    }
  }
  if (event) rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_ConfigResource_destroy(wanted);
  if (!error.empty()) throw std::runtime_error("reading " + name + " of " + topic + ": " + error);
  return value;
}

namespace {

// A shell beside the brokers waits for the end of its input.
std::vector<std::string> StartCommand(const std::string& folder, int brokers,
                                      const std::vector<std::string>& options) {
  std::vector<std::string> command{
      "/bin/bash",
      "-c",
      "trap : TERM; \"$0\" start \"$@\"; read -r _; \"$0\" stop \"$1\"; rm -rf \"$1\"",
      KAFKA_SERVICE,
      folder,
      "--brokers",
      std::to_string(brokers)};
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

}  // namespace

RealKafka::RealKafka(int brokers, const std::vector<std::string>& options)
    : folder_(std::filesystem::temp_directory_path() / UniqueTopic("steamflow-kafka")),
      process_(StartCommand(folder_, brokers, options)),
      brokers_(process_.ReadLine()) {
  if (brokers_.empty()) throw std::runtime_error("Kafka does not start");
  const bool has_logins = std::find(options.begin(), options.end(), "--logins") != options.end();
  if (has_logins) guarded_ = process_.ReadLine();
}

void RealKafka::Move(int broker, const std::string& address) const {
  standin::ChildProcess restart(
      {KAFKA_SERVICE, "restart", folder_, std::to_string(broker), address});
  if (restart.Wait() != 0) throw std::runtime_error("restarting a broker failed");
}

void RealKafka::Kill(int broker) const {
  standin::ChildProcess kill({KAFKA_SERVICE, "kill", folder_, std::to_string(broker)});
  if (kill.Wait() != 0) throw std::runtime_error("killing a broker failed");
}

const std::string& RealBrokers() {
  static const std::string given = [] {
    const char* brokers = std::getenv("STEAMFLOW_TEST_BROKERS");
    return std::string(brokers ? brokers : "");
  }();
  if (!given.empty()) return given;
  static const RealKafka own(1);
  return own.brokers();
}

std::string UniqueTopic(const std::string& start) {
  static std::atomic<int> number = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return start + "." + std::to_string(getpid()) + "." + std::to_string(++number) + "." +
         std::to_string(now % 1'000'000'000);
}

}  // namespace steamflow::test
