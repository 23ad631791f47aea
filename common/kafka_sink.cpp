#include "kafka_sink.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "kafka_client.h"
#include "value_arena.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice(250);            // longest single wait for the queue
constexpr milliseconds kLongestAsk(1000);      // longest single wait for an answer
constexpr milliseconds kCursorReserve(500);    // left for the cursor once Kafka is done
constexpr std::size_t kMostResends = 1000;     // records kept aside to be sent one by one
constexpr std::size_t kShortestLetter = 1024;  // bytes; a dead letter is not cut further

struct HeadersDeleter {
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
};
using Headers = std::unique_ptr<rd_kafka_headers_t, HeadersDeleter>;

void AddHeader(rd_kafka_headers_t* headers, std::string_view name, std::string_view value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

std::string HeaderOf(const rd_kafka_headers_t* headers, const char* name) {
  const void* value = nullptr;
  std::size_t size = 0;
  if (!headers || rd_kafka_header_get_last(headers, name, &value, &size)) return "";
  return {static_cast<const char*>(value), size};
}

bool IsRefusal(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
         error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE || error == RD_KAFKA_RESP_ERR_INVALID_MSG ||
         error == RD_KAFKA_RESP_ERR_INVALID_RECORD || error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
}

TaskError ErrorOf(rd_kafka_resp_err_t error, const std::string& topic) {
  std::string what = fmt::format("producing to {}: {}", topic, rd_kafka_err2str(error));
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
    what += ": the topic does not exist (kafka-create-topics makes it)";
  } else if (error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) {
    what += ": no topic can have this name";
  }
  return {CodeOfKafkaError(error), what};
}

// A record kept aside: refused as part of a batch, to be sent alone.
struct Kept {
  std::string key;
  std::string event_id;
  std::string value;
  std::string reason;  // of a dead letter; empty for a record
  std::uint64_t item = 0;
  bool truncated = false;
};

// What a message carries through librdkafka, in the bits of a pointer.
struct Opaque {
  std::uint64_t item = 0;
  bool is_letter = false;
  bool is_in_arena = false;

  Opaque(std::uint64_t item_number, bool letter, bool in_arena)
      : item(item_number), is_letter(letter), is_in_arena(in_arena) {}
  explicit Opaque(void* packed) {
    const auto bits = reinterpret_cast<std::uint64_t>(packed);
    item = bits >> 2U;
    is_letter = (bits & 1U) != 0;
    is_in_arena = (bits & 2U) != 0;
  }
  void* Pack() const {
    return reinterpret_cast<void*>((item << 2U) | (is_in_arena ? 2U : 0U) | (is_letter ? 1U : 0U));
  }
};

class KafkaSink : public RecordSink {
 public:
  KafkaSink(Run& run, const KafkaProperties& properties, const std::string& topic,
            OnDelivered on_delivered)
      : run_(run),
        result_(run.result.sink.emplace()),
        topic_name_(topic),
        on_delivered_(std::move(on_delivered)),
        common_headers_(CommonHeaders(run.identity)) {
    result_.type = "kafka";
    result_.topic = topic;
    Open(properties);
    warm_up_ = std::thread([this] { WarmUp(); });
  }

  ~KafkaSink() override {
    closing_ = true;
    warm_up_.join();
    // Destroying the handle waits for nothing once the queues are empty.
    rd_kafka_purge(kafka_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    silent_ = true;
    rd_kafka_flush(kafka_.get(), 100);
    dead_letter_topic_.reset();
    topic_.reset();
  }

  void Write(const Record& record, std::uint64_t item) override {
    AwaitTopic();
    ++result_.records;
    result_.bytes += record.value.size();
    const auto error = Produce(topic_.get(), RecordHeaders(record.event_id), record.key,
                               record.value, item, false);
    if (IsRefusal(error)) {
      BecomeDeadLetter(record.event_id, record.value, rd_kafka_err2str(error), item);
    } else if (error) {
      Failed(error, topic_name_, item);
    }
  }

  void Write(const DeadLetter& letter, std::uint64_t item) override {
    AwaitTopic();
    CountDeadLetter(letter.key, letter.reason);
    SendLetter(letter, item, false);
  }

  void Poll() override {
    rd_kafka_poll(kafka_.get(), 0);
    if (refused_.size() >= kMostResends) SendRefusedAlone();
  }

  std::optional<TaskError> Drain() override {
    SendRefusedAlone();
    if (rd_kafka_outq_len(kafka_.get()) > 0) {
      rd_kafka_purge(kafka_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
      while (rd_kafka_outq_len(kafka_.get()) > 0) rd_kafka_poll(kafka_.get(), 10);
    }
    for (const Kept& kept : refused_) {
      Failed(RD_KAFKA_RESP_ERR__TIMED_OUT, topic_name_, kept.item);
    }
    refused_.clear();
    return error_;
  }

 private:
  void Open(const KafkaProperties& properties) {
    const auto patience = std::max(milliseconds(1000), run_.stop.TimeLeft());
    KafkaConf conf =
        MakeKafkaConf({{"client.id", "steamflow"},
                       {"acks", "all"},
                       {"enable.idempotence", "true"},
                       {"partitioner", "murmur2_random"},       // places keys as Java clients do
                       {"queue.buffering.max.kbytes", "1024"},  // stays in the processor's cache
                       {"message.timeout.ms", fmt::to_string(patience.count())}},
                      properties);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), &OnReport);
    rd_kafka_conf_set_error_cb(conf.get(), &OnError);

    std::array<char, 512> cause{};
    kafka_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), cause.data(), cause.size()));
    if (!kafka_) throw TaskError(ExitCode::kConfig, fmt::format("Kafka: {}", cause.data()));
    static_cast<void>(conf.release());  // the handle owns it now
    topic_.reset(rd_kafka_topic_new(kafka_.get(), topic_name_.c_str(), nullptr));
    if (!topic_) throw ErrorOf(rd_kafka_last_error(), topic_name_);
  }

  // Asks for the topic once.
  rd_kafka_resp_err_t AskFor(rd_kafka_topic_t* topic, milliseconds patience) const {
    const rd_kafka_metadata_t* metadata = nullptr;
    auto error =
        rd_kafka_metadata(kafka_.get(), 0, topic, &metadata, static_cast<int>(patience.count()));
    if (error) return error;
    error = metadata->topic_cnt == 1 ? metadata->topics[0].err
                                     : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    rd_kafka_metadata_destroy(metadata);
    return error;
  }

  // Asks until there is an answer that another try would not change. A topic just made is unknown
  // to some brokers for a moment. The patience grows, for slow brokers, but little: it is also how
  // long closing may have to wait.
  rd_kafka_resp_err_t LookUp(rd_kafka_topic_t* topic) const {
    const auto give_up_on_unknown = Clock::now() + std::chrono::seconds(1);
    for (milliseconds patience = kSlice;; patience = std::min(2 * patience, kLongestAsk)) {
      const auto error = AskFor(topic, patience);
      const bool settled =
          error == RD_KAFKA_RESP_ERR_NO_ERROR ||
          error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
          error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION ||
          (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART && Clock::now() >= give_up_on_unknown);
      if (settled || closing_ || Clock::now() >= run_finish_by_) return error;
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, milliseconds(50), [this] { return closing_.load(); });
    }
  }

  void WarmUp() {
    const auto found = LookUp(topic_.get());
    const std::lock_guard lock(mutex_);
    topic_state_ = found;
    changed_.notify_all();
  }

  void AwaitTopic() {
    if (topic_is_known_) return;
    for (;;) {
      rd_kafka_poll(kafka_.get(), 0);  // error callbacks
      if (error_ && error_->code() == ExitCode::kAuth) throw *error_;
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, milliseconds(20), [this] { return topic_state_.has_value(); });
      if (topic_state_) break;
      if (LeftForKafka().count() <= 0) {
        throw TaskError(
            ExitCode::kTransient,
            fmt::format("looking for topic {}: {}", topic_name_,
                        broker_error_.empty() ? "no answer from Kafka in time" : broker_error_));
      }
    }
    if (*topic_state_) throw ErrorOf(*topic_state_, topic_name_);
    topic_is_known_ = true;
  }

  void OpenDeadLetters() {
    if (dead_letter_topic_) return;
    KafkaTopic topic(rd_kafka_topic_new(kafka_.get(), kDeadLetterTopic, nullptr));
    if (!topic) throw ErrorOf(rd_kafka_last_error(), kDeadLetterTopic);
    if (const auto error = LookUp(topic.get())) throw ErrorOf(error, kDeadLetterTopic);
    dead_letter_topic_ = std::move(topic);
  }

  Headers RecordHeaders(std::string_view event_id) const {
    Headers headers(rd_kafka_headers_new(common_headers_.size() + 1));
    AddHeader(headers.get(), "event_id", event_id);
    for (const auto& [name, value] : common_headers_) AddHeader(headers.get(), name, value);
    return headers;
  }

  Headers LetterHeaders(const DeadLetter& letter, bool truncated) const {
    Headers headers(rd_kafka_headers_new(6));
    AddHeader(headers.get(), "reason", letter.reason);
    AddHeader(headers.get(), "source_topic", topic_name_);
    AddHeader(headers.get(), "event_id", letter.event_id);
    AddHeader(headers.get(), "task", run_.task);
    AddHeader(headers.get(), "run_id", run_.identity.run_id);
    if (truncated) AddHeader(headers.get(), "truncated", "true");
    return headers;
  }

  // Queues a message, waiting for room.
  rd_kafka_resp_err_t Produce(rd_kafka_topic_t* topic, Headers headers, std::string_view key,
                              std::string_view value, std::uint64_t item, bool is_letter) {
    char* const copy = values_.Copy(value);
    const Opaque opaque{item, is_letter, copy != nullptr};
    for (;;) {
      auto error = rd_kafka_producev(
          kafka_.get(), RD_KAFKA_V_RKT(topic),
          RD_KAFKA_V_MSGFLAGS((copy ? 0 : RD_KAFKA_MSG_F_COPY)),
          RD_KAFKA_V_KEY(key.data(), key.size()),
          RD_KAFKA_V_VALUE(copy ? copy : const_cast<char*>(value.data()), value.size()),
          RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_OPAQUE(opaque.Pack()), RD_KAFKA_V_END);
      if (!error) {
        static_cast<void>(headers.release());  // the message owns them now
        return error;
      }
      if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && rd_kafka_outq_len(kafka_.get()) == 0) {
        error = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;  // for a queue that is empty
      }
      const bool is_full = error == RD_KAFKA_RESP_ERR__QUEUE_FULL;
      if (!is_full || LeftForKafka().count() <= 0) {
        if (copy) values_.Release(copy);
        return is_full ? RD_KAFKA_RESP_ERR__TIMED_OUT : error;
      }
      rd_kafka_poll(kafka_.get(), static_cast<int>(std::min(kSlice, LeftForKafka()).count()));
    }
  }

  milliseconds LeftForKafka() const { return run_.stop.TimeLeft() - kCursorReserve; }

  void Flush() {
    while (rd_kafka_outq_len(kafka_.get()) > 0 && LeftForKafka().count() > 0) {
      rd_kafka_flush(kafka_.get(), static_cast<int>(std::min(kSlice, LeftForKafka()).count()));
    }
  }

  // The broker judges batches: of a refused one only the record that is too large itself is lost.
  void SendRefusedAlone() {
    Flush();  // before this, refusals are still of batches
    sending_alone_ = true;
    while (!refused_.empty() && LeftForKafka().count() > 0) {
      const Kept kept = std::move(refused_.front());
      refused_.pop_front();
      if (!kept.reason.empty()) {
        SendLetter({kept.key, kept.event_id, kept.value, kept.reason}, kept.item, kept.truncated);
      } else if (const auto error = Produce(topic_.get(), RecordHeaders(kept.event_id), kept.key,
                                            kept.value, kept.item, false)) {
        Failed(error, topic_name_, kept.item);
      }
      Flush();
    }
    sending_alone_ = false;
  }

  void BecomeDeadLetter(std::string_view event_id, std::string_view value, std::string_view reason,
                        std::uint64_t item) {
    --result_.records;
    result_.bytes -= value.size();
    CountDeadLetter(event_id, reason);
    SendLetter({event_id, event_id, value, reason}, item, false);
  }

  void CountDeadLetter(std::string_view key, std::string_view reason) {
    ++result_.dead_letters;
    run_.log.Warning(fmt::format("dead letter {}: {}", key, reason));
  }

  // Sends a dead letter, cut where it is too large for the topic.
  void SendLetter(const DeadLetter& letter, std::uint64_t item, bool truncated) {
    OpenDeadLetters();
    for (std::string_view value = letter.value;; value = value.substr(0, value.size() / 2)) {
      truncated = truncated || value.size() < letter.value.size();
      const auto error = Produce(dead_letter_topic_.get(), LetterHeaders(letter, truncated),
                                 letter.key, value, item, true);
      if (!error) return;
      if (!IsRefusal(error) || value.size() <= kShortestLetter) {
        return Failed(error, kDeadLetterTopic, item);
      }
    }
  }

  void Failed(rd_kafka_resp_err_t error, const std::string& topic, std::uint64_t item) {
    if (!error_) error_ = ErrorOf(error, topic);
    on_delivered_(item, Delivery::kFailed);
  }

  void OnReport(const rd_kafka_message_t& message) {
    if (silent_) return;
    const Opaque opaque(message._private);
    if (!message.err) {
      if (!opaque.is_letter) ++result_.acknowledged;
      on_delivered_(opaque.item, opaque.is_letter ? Delivery::kDeadLetter : Delivery::kRecord);
    } else if (IsRefusal(message.err)) {
      OnRefused(message, opaque.item, opaque.is_letter);
    } else {
      Failed(message.err, opaque.is_letter ? kDeadLetterTopic : topic_name_, opaque.item);
    }
    if (opaque.is_in_arena) values_.Release(message.payload);
  }

  void OnRefused(const rd_kafka_message_t& message, std::uint64_t item, bool is_letter) {
    rd_kafka_headers_t* headers = nullptr;
    rd_kafka_message_headers(&message, &headers);
    Kept kept{{static_cast<const char*>(message.key), message.key_len},
              HeaderOf(headers, "event_id"),
              {static_cast<const char*>(message.payload), message.len},
              is_letter ? HeaderOf(headers, "reason") : "",
              item,
              !HeaderOf(headers, "truncated").empty()};
    if (is_letter) {
      if (kept.value.size() <= kShortestLetter) return Failed(message.err, kDeadLetterTopic, item);
      if (sending_alone_) {
        kept.value.resize(kept.value.size() / 2);
        kept.truncated = true;
      }
    } else if (sending_alone_) {
      --result_.records;
      result_.bytes -= kept.value.size();
      kept.key = kept.event_id;
      kept.reason = rd_kafka_err2str(message.err);
      CountDeadLetter(kept.key, kept.reason);
    }
    refused_.push_back(std::move(kept));
  }

  static void OnReport(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
    static_cast<KafkaSink*>(self)->OnReport(*message);
  }

  static void OnError(rd_kafka_t*, int error, const char* reason, void* opaque) {
    auto& self = *static_cast<KafkaSink*>(opaque);
    const auto code = static_cast<rd_kafka_resp_err_t>(error);
    if (self.silent_) return;
    if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION && !self.error_) {
      self.error_ = TaskError(ExitCode::kAuth, fmt::format("logging in to Kafka: {}", reason));
    }
    if (code == RD_KAFKA_RESP_ERR__FATAL || reason == self.broker_error_) return;
    if (self.broker_error_.empty()) self.run_.log.Warning(fmt::format("Kafka: {}", reason));
    self.broker_error_ = reason;
  }

  Run& run_;
  const Clock::time_point run_finish_by_ = run_.stop.finish_by();
  SinkResult& result_;
  const std::string topic_name_;
  const OnDelivered on_delivered_;
  const std::vector<std::pair<std::string, std::string>> common_headers_;

  ValueArena values_;  // outlives the messages that point into it
  KafkaHandle kafka_;
  KafkaTopic topic_;
  KafkaTopic dead_letter_topic_;
  bool topic_is_known_ = false;
  bool silent_ = false;
  bool sending_alone_ = false;
  std::deque<Kept> refused_;
  std::optional<TaskError> error_;  // the first that made a record fail
  std::string broker_error_;        // the last that librdkafka spoke of

  std::thread warm_up_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::atomic<bool> closing_ = false;
  std::optional<rd_kafka_resp_err_t> topic_state_;  // what the warm-up found
};

}  // namespace

std::unique_ptr<RecordSink> MakeKafkaSink(Run& run, const KafkaProperties& properties,
                                          const std::string& topic,
                                          RecordSink::OnDelivered on_delivered) {
  return std::make_unique<KafkaSink>(run, properties, topic, std::move(on_delivered));
}

}  // namespace steamflow
