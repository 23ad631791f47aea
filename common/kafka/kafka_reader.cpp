#include "kafka_reader.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <map>

#include "kafka_error.h"
#include "kafka_handles.h"
#include "kafka_questions.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

// One wait for a response; signals are not noticed meanwhile.
constexpr milliseconds kCommitSlice(250);
constexpr milliseconds kWakeInterval(20);  // between two requests that wake the brokers' threads
constexpr std::size_t kLowQueue = 4000;    // messages
constexpr int kFirstWithQueueBackoff = 0x02020000;

struct Deleter {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

KafkaMessage Convert(const rd_kafka_message_t& raw, std::size_t partition) {
  KafkaMessage message;
  message.partition = partition;
  message.offset = raw.offset;
  message.message = &raw;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp = rd_kafka_message_timestamp(&raw, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && timestamp >= 0) message.timestamp_ms = timestamp;
  if (raw.key) message.key.emplace(static_cast<const char*>(raw.key), raw.key_len);
  if (raw.payload) message.value.emplace(static_cast<const char*>(raw.payload), raw.len);
  message.event_id = message.Header("event_id");
  return message;
}

}  // namespace

class KafkaReader::Impl {
 public:
  Impl(const KafkaProperties& properties, const std::string& group, const Stop& stop)
      : stop_(stop), group_(group) {
    KafkaConf conf = MakeKafkaConf({{"client.id", "steamflow"},
                                    {"fetch.wait.max.ms", "20"},
                                    {"fetch.max.bytes", "2097152"},
                                    {"queued.min.messages", "30000"},
                                    {"queued.max.messages.kbytes", "4096"}},
                                   properties);
    Fix(conf, {{"fetch.error.backoff.ms", "20"},
               {"fetch.queue.backoff.ms", "20"},
               {"group.id", group},
               {"enable.auto.commit", "false"},
               {"enable.auto.offset.store", "false"},
               {"enable.partition.eof", "true"},
               {"auto.offset.reset", "error"},
               {"isolation.level", "read_committed"}});
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_error_cb(conf.get(), &OnError);
    kafka_ = MakeKafkaConsumer(std::move(conf));
    queue_.reset(rd_kafka_queue_get_consumer(kafka_.get()));
  }

  ~Impl() {
    messages_.clear();
    queue_.reset();
    if (!partitions_.empty()) rd_kafka_assign(kafka_.get(), nullptr);
  }

  KafkaQuestions Questions() const { return {kafka_.get(), troubles_, stop_}; }

  std::optional<std::int64_t> HighWatermark(const KafkaPartition& partition) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto error = rd_kafka_get_watermark_offsets(kafka_.get(), partition.topic.c_str(),
                                                      partition.id, &low, &high);
    return error || high < 0 ? std::nullopt : std::optional(high);
  }

  void Commit(const std::vector<KafkaPartition>& partitions,
              const std::vector<std::int64_t>& offsets, milliseconds longest) {
    const KafkaPartitionList list = MakeKafkaPartitionList(partitions, offsets);
    const Owned<rd_kafka_queue_t> responses(rd_kafka_queue_new(kafka_.get()));
    std::optional<rd_kafka_resp_err_t> response;
    const auto on_response = [](rd_kafka_t*, rd_kafka_resp_err_t error,
                                rd_kafka_topic_partition_list_t*, void* opaque) {
      *static_cast<std::optional<rd_kafka_resp_err_t>*>(opaque) = error;
    };
    rd_kafka_commit_queue(kafka_.get(), list.get(), responses.get(), on_response, &response);
    const auto until = Clock::now() + std::min(longest, stop_.TimeLeft());
    while (!response && Clock::now() < until) {
      rd_kafka_queue_poll_callback(responses.get(), static_cast<int>(kCommitSlice.count()));
      rd_kafka_poll(kafka_.get(), 0);
      if (!response && IsGroupRefused()) response = RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    }
    const auto error = response.value_or(RD_KAFKA_RESP_ERR__TIMED_OUT);
    if (error) throw KafkaErrorOf(fmt::format("committing offsets of group {}", group_), error);
  }

  void Start(const std::vector<KafkaPartition>& partitions,
             const std::vector<std::int64_t>& offsets) {
    if (!partitions_.empty()) {  // a pause outlives the assignment
      const KafkaPartitionList before =
          MakeKafkaPartitionList(partitions_, {RD_KAFKA_OFFSET_INVALID});
      rd_kafka_resume_partitions(kafka_.get(), before.get());
    }
    partitions_ = partitions;
    places_.clear();
    last_topic_ = nullptr;
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      const KafkaPartition& partition = partitions[i];
      auto& places = places_[partition.topic];
      places.resize(std::max(places.size(), static_cast<std::size_t>(partition.id) + 1), -1);
      places[static_cast<std::size_t>(partition.id)] = static_cast<std::ptrdiff_t>(i);
    }
    const KafkaPartitionList list = MakeKafkaPartitionList(partitions, offsets);
    if (const auto error = rd_kafka_assign(kafka_.get(), list.get())) {
      throw KafkaErrorOf("assigning partitions", error);
    }
  }

  void Pause(std::size_t partition) {
    const KafkaPartitionList list =
        MakeKafkaPartitionList({partitions_[partition]}, {RD_KAFKA_OFFSET_INVALID});
    rd_kafka_pause_partitions(kafka_.get(), list.get());
  }

  const KafkaRead& Read(std::size_t most, milliseconds wait, const OnMessage& on_message) {
    rd_kafka_poll(kafka_.get(), 0);  // runs OnError
    if (troubles_.login) throw *troubles_.login;
    FetchMore();
    read_.ends.clear();
    read_.refusals.clear();
    read_.gaps.clear();
    raw_.resize(most);
    const auto count = rd_kafka_consume_batch_queue(queue_.get(), static_cast<int>(wait.count()),
                                                    raw_.data(), most);
    messages_.clear();
    for (ssize_t i = 0; i < count; ++i) {
      messages_.emplace_back(raw_[static_cast<std::size_t>(i)]);
    }
    for (auto& message : messages_) {
      Sort(*message, on_message);
      message.reset();
    }
    return read_;
  }

  const std::string& trouble() const { return troubles_.broker; }

 private:
  // Sets properties that a user must not change. Those that this version of librdkafka does not
  // know are skipped.
  static void Fix(const KafkaConf& conf, const KafkaProperties& properties) {
    for (const auto& [name, value] : properties) {
      std::array<char, 512> cause{};
      if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), cause.data(), cause.size()) ==
          RD_KAFKA_CONF_INVALID) {
        throw TaskError(ExitCode::kInternal, fmt::format("Kafka property: {}", cause.data()));
      }
    }
  }

  // Makes old versions of librdkafka fetch again as soon as the queue has room. They notice that
  // only once per second unless something wakes the brokers' threads; newer versions have a setting
  // for it. Here an offset request to the leader of each partition wakes them; nobody waits for its
  // response.
  void FetchMore() {
    if (rd_kafka_version() >= kFirstWithQueueBackoff) return;
    const auto now = Clock::now();
    if (now < fetched_more_ + kWakeInterval || rd_kafka_queue_length(queue_.get()) > kLowQueue)
      return;
    fetched_more_ = now;
    const KafkaPartitionList list = MakeKafkaPartitionList(partitions_, {RD_KAFKA_OFFSET_END});
    rd_kafka_offsets_for_times(kafka_.get(), list.get(), 0);
  }

  // Returns the index of a message's partition in the list given to Start.
  std::size_t PlaceOf(const rd_kafka_message_t& message) {
    if (message.rkt != last_topic_) {  // consecutive messages usually have the same topic
      last_topic_ = message.rkt;
      last_places_ = &places_.at(rd_kafka_topic_name(message.rkt));
    }
    return static_cast<std::size_t>(last_places_->at(static_cast<std::size_t>(message.partition)));
  }

  void Sort(const rd_kafka_message_t& message, const OnMessage& on_message) {
    switch (message.err) {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        return on_message(Convert(message, PlaceOf(message)));
      case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        read_.ends.push_back({PlaceOf(message), message.offset});
        return;
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        read_.gaps.push_back(PlaceOf(message));
        return;
      default:
        break;
    }
    // A missing permission for the group does no harm, because the reader does not join the group.
    // librdkafka itself retries after transient errors.
    if (message.err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) return;
    const TaskError error = KafkaErrorOf(
        message.rkt ? fmt::format("reading {}", rd_kafka_topic_name(message.rkt)) : "reading Kafka",
        message.err);
    if (error.code() == ExitCode::kTransient) return;
    if (!message.rkt) throw error;
    read_.refusals.push_back({PlaceOf(message), error});
  }

  // Returns whether the brokers have denied this login the use of the group. A commit then gets no
  // response: it waits for a coordinator that librdkafka never learns of.
  bool IsGroupRefused() {
    const Owned<rd_kafka_message_t> message(rd_kafka_consume_queue(queue_.get(), 0));
    return message && message->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
  }

  static void OnError(rd_kafka_t*, int error, const char* reason, void* opaque) {
    static_cast<Impl*>(opaque)->troubles_.Add(error, reason);
  }

  const Stop& stop_;
  const std::string group_;
  KafkaTroubles troubles_;  // must outlive the handle, which reports to it
  KafkaHandle kafka_;
  Owned<rd_kafka_queue_t> queue_;
  std::vector<KafkaPartition> partitions_;  // as given to Start
  // Indexes into partitions_, by topic and ID.
  std::map<std::string, std::vector<std::ptrdiff_t>> places_;
  const rd_kafka_topic_t* last_topic_ = nullptr;
  const std::vector<std::ptrdiff_t>* last_places_ = nullptr;
  std::vector<rd_kafka_message_t*> raw_;
  std::vector<Owned<rd_kafka_message_t>> messages_;  // messages of the last Read
  KafkaRead read_;
  Clock::time_point fetched_more_;
};

KafkaReader::KafkaReader(const KafkaProperties& properties, const std::string& group,
                         const Stop& stop)
    : impl_(std::make_unique<Impl>(properties, group, stop)) {}
KafkaReader::~KafkaReader() = default;

KafkaResults<std::vector<KafkaPartition>> KafkaReader::Partitions(
    const std::vector<std::string>& topics) {
  return impl_->Questions().Partitions(topics);
}
std::optional<std::int64_t> KafkaReader::HighWatermark(const KafkaPartition& partition) {
  return impl_->HighWatermark(partition);
}
KafkaResults<KafkaRange> KafkaReader::Ranges(const std::vector<KafkaPartition>& partitions) {
  return impl_->Questions().Ranges(partitions);
}
KafkaResults<std::int64_t> KafkaReader::OffsetsAt(const std::vector<KafkaPartition>& partitions,
                                                  milliseconds since_epoch) {
  return impl_->Questions().Offsets(partitions, since_epoch.count());
}
void KafkaReader::Commit(const std::vector<KafkaPartition>& partitions,
                         const std::vector<std::int64_t>& offsets, milliseconds longest) {
  impl_->Commit(partitions, offsets, longest);
}
void KafkaReader::Start(const std::vector<KafkaPartition>& partitions,
                        const std::vector<std::int64_t>& offsets) {
  impl_->Start(partitions, offsets);
}
void KafkaReader::Pause(std::size_t partition) {
  impl_->Pause(partition);
}
const KafkaRead& KafkaReader::Read(std::size_t most, milliseconds wait,
                                   const OnMessage& on_message) {
  return impl_->Read(most, wait, on_message);
}
const std::string& KafkaReader::trouble() const {
  return impl_->trouble();
}

}  // namespace steamflow
