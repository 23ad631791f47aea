#include "kafka_producer.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "kafka_error.h"
#include "kafka_handles.h"
#include "topic_lookup.h"
#include "value_arena.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice(250);          // longest single wait for the queue
constexpr milliseconds kAwaitSlice(20);      // longest single wait for a topic
constexpr milliseconds kCursorReserve(500);  // kept back for moving the cursor afterwards
// The purge does not wait for the brokers' threads, because these may be blocked in a name lookup.
constexpr int kPurgeAll =
    RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING;
constexpr std::size_t kMostResends = 1000;  // messages that may wait to be sent one by one

// A copy of a message that was rejected as part of a batch and will be sent alone.
class Kept {
 public:
  Kept(KafkaProducer::Topic& to, const rd_kafka_message_t& message, std::uint64_t number)
      : topic(to), item(number) {
    if (message.key) key_.emplace(static_cast<const char*>(message.key), message.key_len);
    if (message.payload) value_.emplace(static_cast<const char*>(message.payload), message.len);
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers)) return;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &size); ++i) {
      headers_.emplace_back(name, std::string(static_cast<const char*>(value), size));
    }
    for (const auto& [its_name, its_value] : headers_) views_.push_back({its_name, its_value});
  }

  OutgoingMessage message() const { return {key_, value_, views_}; }

  KafkaProducer::Topic& topic;
  const std::uint64_t item;

 private:
  std::optional<std::string> key_;
  std::optional<std::string> value_;
  std::deque<std::pair<std::string, std::string>> headers_;  // a deque does not move its elements
  std::vector<KafkaHeader> views_;
};

// The opaque value of a message in librdkafka, packed into the bits of a pointer.
struct Opaque {
  std::uint64_t item = 0;
  bool is_in_arena = false;

  Opaque(std::uint64_t item_number, bool in_arena) : item(item_number), is_in_arena(in_arena) {}
  explicit Opaque(const void* packed) {
    const auto bits = reinterpret_cast<std::uint64_t>(packed);
    item = bits >> 1U;
    is_in_arena = (bits & 1U) != 0;
  }
  void* Pack() const { return reinterpret_cast<void*>((item << 1U) | (is_in_arena ? 1U : 0U)); }
};

}  // namespace

class KafkaProducer::Topic {
 public:
  std::string name;
  Handlers handlers;
  KafkaTopic handle;
  bool is_known = false;
  std::optional<TopicLookup> look_up;
};

class KafkaProducer::Impl {
 public:
  Impl(Run& run, const KafkaProperties& properties) : run_(run) {
    const auto timeout = std::max(milliseconds(1000), run_.stop.TimeLeft());
    KafkaConf conf =
        MakeKafkaConf({{"client.id", "steamflow"},
                       {"acks", "all"},
                       {"enable.idempotence", "true"},
                       {"partitioner", "murmur2_random"},       // places keys like Java clients
                       {"queue.buffering.max.kbytes", "1024"},  // fits the processor's cache
                       {"message.timeout.ms", fmt::to_string(timeout.count())}},
                      properties);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), &OnReport);
    rd_kafka_conf_set_error_cb(conf.get(), &OnError);
    kafka_ = MakeKafkaProducer(std::move(conf));
  }

  ~Impl() {
    for (auto& topic : topics_) topic.look_up.reset();
    // Destroying the handle does not wait once the queues are empty.
    rd_kafka_purge(kafka_.get(), kPurgeAll);
    silent_ = true;
    rd_kafka_flush(kafka_.get(), 100);
    for (auto& topic : topics_) topic.handle.reset();
  }

  Topic& Open(const std::string& name, Handlers handlers) {
    rd_kafka_topic_conf_t* conf = rd_kafka_default_topic_conf_dup(kafka_.get());
    Topic& topic = topics_.emplace_back();
    rd_kafka_topic_conf_set_opaque(conf, &topic);
    topic.name = name;
    topic.handlers = std::move(handlers);
    topic.handle.reset(rd_kafka_topic_new(kafka_.get(), name.c_str(), conf));
    if (!topic.handle) {
      rd_kafka_topic_conf_destroy(conf);
      topics_.pop_back();
      throw ProducingError(rd_kafka_last_error(), name);
    }
    topic.look_up.emplace(kafka_.get(), topic.handle.get(), run_.stop.finish_by());
    return topic;
  }

  void Await(Topic& topic) {
    if (topic.is_known) return;
    std::optional<int> found;
    while (!(found = topic.look_up->Wait(kAwaitSlice))) {
      rd_kafka_poll(kafka_.get(), 0);  // runs error callbacks
      if (error_ && error_->code() != ExitCode::kTransient) throw *error_;
      if (Left().count() <= 0) {
        throw TaskError(
            ExitCode::kTransient,
            fmt::format("looking for topic {}: {}", topic.name,
                        broker_error_.empty() ? "no response from Kafka in time" : broker_error_));
      }
    }
    if (*found) throw ProducingError(*found, topic.name);
    topic.is_known = true;
  }

  void Produce(Topic& topic, const OutgoingMessage& message, std::uint64_t item) {
    Await(topic);
    const auto error = Queue(topic, message, item);
    if (IsRefusal(error)) {
      Refused(topic, message, item, error);
    } else if (error) {
      Failed(topic, item, error);
    }
  }

  void Poll(milliseconds wait) {
    rd_kafka_poll(kafka_.get(), static_cast<int>(wait.count()));
    if (refused_.size() >= kMostResends) SendRefusedAlone();
  }

  std::optional<TaskError> Flush() {
    SendRefusedAlone();
    if (rd_kafka_outq_len(kafka_.get()) > 0) {
      rd_kafka_purge(kafka_.get(), kPurgeAll);
      while (rd_kafka_outq_len(kafka_.get()) > 0) rd_kafka_poll(kafka_.get(), 10);
    }
    for (const Kept& kept : std::exchange(refused_, {})) {
      Failed(kept.topic, kept.item, RD_KAFKA_RESP_ERR__TIMED_OUT);
    }
    return error_;
  }

 private:
  milliseconds Left() const { return run_.stop.TimeLeft() - kCursorReserve; }

  // Hands the message to librdkafka. Waits while the queue is full.
  rd_kafka_resp_err_t Queue(Topic& topic, const OutgoingMessage& message, std::uint64_t item) {
    // A missing key or value becomes a view without data, which librdkafka sends as null.
    const std::string_view key = message.key.value_or(std::string_view());
    const std::string_view value = message.value.value_or(std::string_view());
    KafkaHeaders headers = MakeKafkaHeaders(message.headers);
    char* const copy = message.value && !message.value_stays ? values_.Copy(value) : nullptr;
    const Opaque opaque{item, copy != nullptr};
    for (;;) {
      auto error = rd_kafka_producev(
          kafka_.get(), RD_KAFKA_V_RKT(topic.handle.get()),
          RD_KAFKA_V_MSGFLAGS((copy || message.value_stays ? 0 : RD_KAFKA_MSG_F_COPY)),
          RD_KAFKA_V_KEY(key.data(), key.size()),
          RD_KAFKA_V_VALUE(copy ? copy : const_cast<char*>(value.data()), value.size()),
          RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_OPAQUE(opaque.Pack()), RD_KAFKA_V_END);
      if (!error) {
        static_cast<void>(headers.release());  // the message owns them now
        return error;
      }
      if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && rd_kafka_outq_len(kafka_.get()) == 0) {
        error = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;  // it does not fit an empty queue
      }
      const bool is_full = error == RD_KAFKA_RESP_ERR__QUEUE_FULL;
      if (!is_full || Left().count() <= 0) {
        if (copy) values_.Release(copy);
        return is_full ? RD_KAFKA_RESP_ERR__TIMED_OUT : error;
      }
      rd_kafka_poll(kafka_.get(), static_cast<int>(std::min(kSlice, Left()).count()));
    }
  }

  void AwaitQueue() {
    while (rd_kafka_outq_len(kafka_.get()) > 0 && Left().count() > 0) {
      rd_kafka_flush(kafka_.get(), static_cast<int>(std::min(kSlice, Left()).count()));
    }
  }

  // Sends the messages of rejected batches again, one by one. The broker rejects a whole batch even
  // if only one of its messages is too large.
  void SendRefusedAlone() {
    AwaitQueue();  // until then, rejections still concern batches
    while (!refused_.empty() && Left().count() > 0) {
      const Kept kept = std::move(refused_.front());
      refused_.pop_front();
      refusal_of_one_ = RD_KAFKA_RESP_ERR_NO_ERROR;
      is_alone_ = true;
      if (const auto error = Queue(kept.topic, kept.message(), kept.item)) {
        Failed(kept.topic, kept.item, error);
      }
      AwaitQueue();
      is_alone_ = false;
      if (refusal_of_one_) Refused(kept.topic, kept.message(), kept.item, refusal_of_one_);
      AwaitQueue();  // for messages produced in its place
    }
  }

  void Refused(Topic& topic, const OutgoingMessage& message, std::uint64_t item,
               rd_kafka_resp_err_t error) {
    if (!topic.handlers.on_refused(item, message, rd_kafka_err2str(error))) {
      Failed(topic, item, error);
    }
  }

  // Reports a failed message. After a fatal error, such as a missing permission to write,
  // librdkafka fails messages with other errors, so the fatal error is taken as the cause.
  void Failed(Topic& topic, std::uint64_t item, rd_kafka_resp_err_t error) {
    const auto fatal = rd_kafka_fatal_error(kafka_.get(), nullptr, 0);
    if (!error_) error_ = ProducingError(fatal ? fatal : error, topic.name);
    topic.handlers.on_failed(item);
  }

  void OnReport(const rd_kafka_message_t& message) {
    if (silent_) return;
    Topic& topic = *static_cast<Topic*>(rd_kafka_topic_opaque(message.rkt));
    const Opaque opaque(message._private);
    if (!message.err) {
      topic.handlers.on_delivered({opaque.item, &message});
    } else if (!IsRefusal(message.err)) {
      Failed(topic, opaque.item, message.err);
    } else if (is_alone_) {
      refusal_of_one_ = message.err;
    } else {
      refused_.emplace_back(topic, message, opaque.item);
    }
    if (opaque.is_in_arena) values_.Release(message.payload);
  }

  static void OnReport(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
    static_cast<Impl*>(self)->OnReport(*message);
  }

  static void OnError(rd_kafka_t*, int error, const char* reason, void* opaque) {
    auto& self = *static_cast<Impl*>(opaque);
    const auto code = static_cast<rd_kafka_resp_err_t>(error);
    if (self.silent_) return;
    if (auto refusal = KafkaRefusal(error, reason); refusal && !self.error_) {
      self.error_ = std::move(refusal);
    }
    if (code == RD_KAFKA_RESP_ERR__FATAL || reason == self.broker_error_) return;
    if (self.broker_error_.empty()) self.run_.log.Warning(fmt::format("Kafka: {}", reason));
    self.broker_error_ = reason;
  }

  Run& run_;
  ValueArena values_;  // must outlive the messages that point into it
  KafkaHandle kafka_;
  std::deque<Topic> topics_;  // a deque does not move its elements
  bool silent_ = false;
  // Whether the only message in flight is one that was rejected in a batch before.
  bool is_alone_ = false;
  rd_kafka_resp_err_t refusal_of_one_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::deque<Kept> refused_;
  std::optional<TaskError> error_;  // the first that made a message fail
  std::string broker_error_;        // librdkafka's last report about a broker
};

KafkaProducer::KafkaProducer(Run& run, const KafkaProperties& properties)
    : impl_(std::make_unique<Impl>(run, properties)) {}
KafkaProducer::~KafkaProducer() = default;

KafkaProducer::Topic& KafkaProducer::Open(const std::string& topic, Handlers handlers) {
  return impl_->Open(topic, std::move(handlers));
}
void KafkaProducer::Await(Topic& topic) {
  impl_->Await(topic);
}
void KafkaProducer::Produce(Topic& topic, const OutgoingMessage& message, std::uint64_t item) {
  impl_->Produce(topic, message, item);
}
void KafkaProducer::Poll(milliseconds wait) {
  impl_->Poll(wait);
}
std::optional<TaskError> KafkaProducer::Flush() {
  return impl_->Flush();
}

}  // namespace steamflow
