#include "kafka_admin.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <optional>

#include "kafka_error.h"
#include "kafka_handles.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

// How long one wait for metadata may take. librdkafka notices neither errors nor signals meanwhile.
// Each wait is twice as long as the one before, for links on which a response takes longer.
constexpr milliseconds kFirstSlice(100);
constexpr milliseconds kLongestSlice(1'000);
constexpr milliseconds kPollInterval(50);  // for callbacks, between two attempts
constexpr milliseconds kLongestLook(3'000);
constexpr milliseconds kLongestChange(3'600'000);  // the maximum of librdkafka

struct Deleter {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_NewPartitions_t* topic) const { rd_kafka_NewPartitions_destroy(topic); }
  void operator()(rd_kafka_ConfigResource_t* topic) const {
    rd_kafka_ConfigResource_destroy(topic);
  }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

// Owns the elements of a request, which librdkafka takes as an array of pointers.
template <typename T>
class Array {
 public:
  void Add(T* element) {
    owned_.emplace_back(element);
    raw_.push_back(element);
  }
  T** data() { return raw_.data(); }
  std::size_t size() const { return raw_.size(); }

 private:
  std::vector<Owned<T>> owned_;
  std::vector<T*> raw_;
};

TopicConfig ConfigOf(const rd_kafka_ConfigResource_t* resource) {
  TopicConfig config;
  std::size_t count = 0;
  const auto** entries = rd_kafka_ConfigResource_configs(resource, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    config[rd_kafka_ConfigEntry_name(entries[i])] = {
        value ? value : "",
        rd_kafka_ConfigEntry_source(entries[i]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG};
  }
  return config;
}

TaskError ErrorOf(const char* doing, const std::string& topic, rd_kafka_resp_err_t error,
                  const char* cause) {
  return {CodeOfKafkaError(error), fmt::format("{} {}: {}", doing, topic,
                                               cause && *cause ? cause : rd_kafka_err2str(error))};
}

// Returns the errors of topics, except `done_before`, which means that another client has made the
// change already.
KafkaAdmin::TopicErrors ErrorsOf(const char* doing, const rd_kafka_topic_result_t** results,
                                 std::size_t count, rd_kafka_resp_err_t done_before) {
  KafkaAdmin::TopicErrors errors;
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(results[i]);
    if (!error || error == done_before) continue;
    const std::string topic = rd_kafka_topic_result_name(results[i]);
    errors.emplace(topic,
                   ErrorOf(doing, topic, error, rd_kafka_topic_result_error_string(results[i])));
  }
  return errors;
}

}  // namespace

class KafkaAdmin::Impl {
 public:
  Impl(const KafkaProperties& properties, const Stop& stop, Clock::time_point until)
      : stop_(stop), until_(until) {
    // With sparse connections, librdkafka would try a stopped broker again and again, without a
    // pause, for as long as a request waits for it. This client asks every broker anyway. The short
    // refresh interval is needed because a change that waits for a stopped controller learns of its
    // successor only through a refresh.
    KafkaConf conf = MakeKafkaConf({{"client.id", "steamflow"},
                                    {"enable.sparse.connections", "false"},
                                    {"topic.metadata.refresh.interval.ms", "1000"}},
                                   properties);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_error_cb(conf.get(), &OnError);
    kafka_ = MakeKafkaProducer(std::move(conf));
    queue_.reset(rd_kafka_queue_new(kafka_.get()));
  }

  KafkaCluster Describe() {
    Owned<const rd_kafka_metadata_t> metadata;
    for (auto longest = kFirstSlice;; longest = std::min(2 * longest, kLongestSlice)) {
      const auto slice = std::clamp(Left(), milliseconds(1), longest);
      const rd_kafka_metadata_t* response = nullptr;
      const auto error =
          rd_kafka_metadata(kafka_.get(), 1, nullptr, &response, static_cast<int>(slice.count()));
      metadata.reset(response);
      if (!error) break;
      Serve(kPollInterval, rd_kafka_err2str(error));
    }
    return ClusterOf(*metadata);
  }

  // Counts an error as a response too, unless it says that there was no response.
  bool HasLeader(const std::string& topic, int partition) {
    const Owned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
    auto* const wanted = rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
    wanted->offset = RD_KAFKA_OFFSET_END;
    const auto timeout = std::clamp(Left(), milliseconds(1), kLongestLook);
    auto error =
        rd_kafka_offsets_for_times(kafka_.get(), list.get(), static_cast<int>(timeout.count()));
    if (!error) error = wanted->err;
    Serve(milliseconds(0), rd_kafka_err2str(error));
    return error != RD_KAFKA_RESP_ERR__TIMED_OUT && error != RD_KAFKA_RESP_ERR__TRANSPORT &&
           error != RD_KAFKA_RESP_ERR__RESOLVE;
  }

  std::map<std::string, TopicConfig> DescribeConfigs(const std::vector<std::string>& topics,
                                                     std::optional<int> broker) {
    constexpr char kDoing[] = "reading the configs of";
    Array<rd_kafka_ConfigResource_t> request;
    for (const std::string& topic : topics) {
      request.Add(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
    }
    const auto options = Options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, kLongestLook);
    std::array<char, 512> cause{};
    if (broker &&
        rd_kafka_AdminOptions_set_broker(options.get(), *broker, cause.data(), cause.size())) {
      throw std::logic_error(cause.data());
    }
    rd_kafka_DescribeConfigs(kafka_.get(), request.data(), request.size(), options.get(),
                             queue_.get());
    const auto event = Await(kDoing);
    std::size_t count = 0;
    const auto** resources = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event.get()), &count);
    std::map<std::string, TopicConfig> configs;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string topic = rd_kafka_ConfigResource_name(resources[i]);
      const auto error = rd_kafka_ConfigResource_error(resources[i]);
      if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) continue;
      if (error) {
        throw ErrorOf(kDoing, topic, error, rd_kafka_ConfigResource_error_string(resources[i]));
      }
      configs[topic] = ConfigOf(resources[i]);
    }
    return configs;
  }

  TopicErrors CreateTopics(const std::vector<TopicSpec>& topics) {
    constexpr char kDoing[] = "creating";
    Array<rd_kafka_NewTopic_t> request;
    for (const TopicSpec& spec : topics) {
      std::array<char, 512> cause{};
      auto* topic = rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication,
                                          cause.data(), cause.size());
      if (!topic) {
        throw TaskError(ExitCode::kConfig,
                        fmt::format("{} {}: {}", kDoing, spec.name, cause.data()));
      }
      request.Add(topic);
      for (const auto& [name, value] : spec.config) {
        rd_kafka_NewTopic_set_config(topic, name.c_str(), value.c_str());
      }
    }
    const auto options = Options(RD_KAFKA_ADMIN_OP_CREATETOPICS, kLongestChange);
    rd_kafka_CreateTopics(kafka_.get(), request.data(), request.size(), options.get(),
                          queue_.get());
    const auto event = Await(kDoing);
    std::size_t count = 0;
    const auto** results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event.get()), &count);
    return ErrorsOf(kDoing, results, count, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS);
  }

  TopicErrors AddPartitions(const std::map<std::string, int>& partitions) {
    constexpr char kDoing[] = "adding partitions to";
    Array<rd_kafka_NewPartitions_t> request;
    for (const auto& [topic, total] : partitions) {
      request.Add(
          rd_kafka_NewPartitions_new(topic.c_str(), static_cast<std::size_t>(total), nullptr, 0));
    }
    const auto options = Options(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, kLongestChange);
    rd_kafka_CreatePartitions(kafka_.get(), request.data(), request.size(), options.get(),
                              queue_.get());
    const auto event = Await(kDoing);
    std::size_t count = 0;
    const auto** results = rd_kafka_CreatePartitions_result_topics(
        rd_kafka_event_CreatePartitions_result(event.get()), &count);
    return ErrorsOf(kDoing, results, count, RD_KAFKA_RESP_ERR_INVALID_PARTITIONS);
  }

  TopicErrors AlterConfigs(
      const std::map<std::string, std::map<std::string, std::string>>& overrides) {
    constexpr char kDoing[] = "changing the configs of";
    Array<rd_kafka_ConfigResource_t> request;
    for (const auto& [topic, config] : overrides) {
      auto* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
      request.Add(resource);
      for (const auto& [name, value] : config) {
        rd_kafka_ConfigResource_set_config(resource, name.c_str(), value.c_str());
      }
    }
    const auto options = Options(RD_KAFKA_ADMIN_OP_ALTERCONFIGS, kLongestChange);
    rd_kafka_AlterConfigs(kafka_.get(), request.data(), request.size(), options.get(),
                          queue_.get());
    const auto event = Await(kDoing);
    std::size_t count = 0;
    const auto** resources = rd_kafka_AlterConfigs_result_resources(
        rd_kafka_event_AlterConfigs_result(event.get()), &count);
    TopicErrors errors;
    for (std::size_t i = 0; i < count; ++i) {
      const auto error = rd_kafka_ConfigResource_error(resources[i]);
      if (!error) continue;
      const std::string topic = rd_kafka_ConfigResource_name(resources[i]);
      errors.emplace(
          topic, ErrorOf(kDoing, topic, error, rd_kafka_ConfigResource_error_string(resources[i])));
    }
    return errors;
  }

 private:
  milliseconds Left() const {
    return std::min(std::chrono::ceil<milliseconds>(until_ - Clock::now()), stop_.TimeLeft());
  }

  Owned<rd_kafka_AdminOptions_t> Options(rd_kafka_admin_op_t operation, milliseconds longest) {
    Owned<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(kafka_.get(), operation));
    const auto timeout = std::clamp(Left(), milliseconds(1), longest);
    std::array<char, 512> cause{};
    if (rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()),
                                                  cause.data(), cause.size())) {
      throw std::logic_error(cause.data());
    }
    return options;
  }

  // Waits for the response to the one request in flight.
  Owned<rd_kafka_event_t> Await(const char* doing) {
    Owned<rd_kafka_event_t> event;
    do {
      Serve(milliseconds(0), "no response in time");
      event.reset(rd_kafka_queue_poll(queue_.get(), static_cast<int>(kPollInterval.count())));
    } while (!event);
    if (const auto error = rd_kafka_event_error(event.get())) {
      throw ErrorOf(doing, "topics", error, rd_kafka_event_error_string(event.get()));
    }
    return event;
  }

  // Runs callbacks and throws if the waiting must end.
  void Serve(milliseconds wait, const char* cause) {
    rd_kafka_poll(kafka_.get(), static_cast<int>(wait.count()));
    stop_.ThrowIfSignalled();
    if (troubles_.login) throw *troubles_.login;
    if (Left().count() <= 0) {
      throw TaskError(
          ExitCode::kTransient,
          fmt::format("asking Kafka: {}", troubles_.broker.empty() ? cause : troubles_.broker));
    }
  }

  static void OnError(rd_kafka_t*, int error, const char* reason, void* opaque) {
    static_cast<Impl*>(opaque)->troubles_.Add(error, reason);
  }

  const Stop& stop_;
  const Clock::time_point until_;
  KafkaHandle kafka_;
  Owned<rd_kafka_queue_t> queue_;
  KafkaTroubles troubles_;
};

KafkaAdmin::KafkaAdmin(const KafkaProperties& properties, const Stop& stop, Clock::time_point until)
    : impl_(std::make_unique<Impl>(properties, stop, until)) {}
KafkaAdmin::~KafkaAdmin() = default;

KafkaCluster KafkaAdmin::Describe() {
  return impl_->Describe();
}
bool KafkaAdmin::HasLeader(const std::string& topic, int partition) {
  return impl_->HasLeader(topic, partition);
}
std::map<std::string, TopicConfig> KafkaAdmin::DescribeConfigs(
    const std::vector<std::string>& topics, std::optional<int> broker) {
  if (topics.empty()) return {};  // librdkafka rejects an empty request
  return impl_->DescribeConfigs(topics, broker);
}
KafkaAdmin::TopicErrors KafkaAdmin::CreateTopics(const std::vector<TopicSpec>& topics) {
  if (topics.empty()) return {};
  return impl_->CreateTopics(topics);
}
KafkaAdmin::TopicErrors KafkaAdmin::AddPartitions(const std::map<std::string, int>& partitions) {
  if (partitions.empty()) return {};
  return impl_->AddPartitions(partitions);
}
KafkaAdmin::TopicErrors KafkaAdmin::AlterConfigs(
    const std::map<std::string, std::map<std::string, std::string>>& overrides) {
  if (overrides.empty()) return {};
  return impl_->AlterConfigs(overrides);
}

}  // namespace steamflow
