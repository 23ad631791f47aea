#include "kafka_transactions.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>

#include "kafka_error.h"
#include "kafka_handles.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice(250);  // longest wait during which signals are not noticed
// The longest transaction. It must end within the 5 s that a process has after a signal.
constexpr milliseconds kLongest(4'000);
constexpr milliseconds kShortest(1'000);
constexpr int kMostTries = 3;

struct Deleter {
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
};
using KafkaError = std::unique_ptr<rd_kafka_error_t, Deleter>;

}  // namespace

class KafkaTransactions::Impl {
 public:
  Impl(Run& run, const KafkaProperties& properties, const std::string& id) : run_(run) {
    const auto timeout = std::clamp(run_.stop.TimeLeft(), kShortest, kLongest);
    KafkaConf conf = MakeKafkaConf({{"client.id", "steamflow"},
                                    {"transactional.id", id},
                                    {"transaction.timeout.ms", fmt::to_string(timeout.count())},
                                    {"message.timeout.ms", fmt::to_string(timeout.count())},
                                    {"partitioner", "murmur2_random"}},
                                   properties);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), &OnReport);
    rd_kafka_conf_set_error_cb(conf.get(), &OnError);
    kafka_ = MakeKafkaProducer(std::move(conf));
    Begin();
  }

  // The next holder of the id, or the brokers, abort a transaction that is still open.
  ~Impl() {
    rd_kafka_purge(kafka_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(kafka_.get(), 100);
  }

  // Tries again after transient errors. After Kafka has rejected a message, librdkafka may notice
  // only in the next transaction that its counters per partition are wrong; aborting that
  // transaction resets them.
  tl::expected<void, std::string> Store(std::span<const TransactionMessage> messages) {
    for (int tries_left = kMostTries;;) {
      const auto error = Try(messages);
      if (!error && !refusal_) return {};
      const bool may_pass = error && rd_kafka_error_txn_requires_abort(error.get()) &&
                            ErrorOf(*error).code() == ExitCode::kTransient;
      if (!refusal_ && !(may_pass && --tries_left > 0)) throw ErrorOf(*error);
      Check(rd_kafka_abort_transaction(kafka_.get(), -1));
      if (refusal_) return tl::unexpected(std::string(rd_kafka_err2str(refusal_)));
    }
  }

 private:
  void Begin() {
    for (;;) {
      const KafkaError error(
          rd_kafka_init_transactions(kafka_.get(), static_cast<int>(kSlice.count())));
      if (!error) return;
      rd_kafka_poll(kafka_.get(), 0);  // runs error callbacks
      run_.stop.ThrowIfSignalled();
      if (troubles_.login) throw *troubles_.login;
      if (!rd_kafka_error_is_retriable(error.get()) || run_.stop.Requested()) {
        throw ErrorOf(*error);
      }
    }
  }

  // Stores the messages in one transaction. Sets refusal_ if Kafka can never accept one of them.
  // The timeout of -1 stands for the transaction's own timeout.
  KafkaError Try(std::span<const TransactionMessage> messages) {
    refusal_ = RD_KAFKA_RESP_ERR_NO_ERROR;
    Check(rd_kafka_begin_transaction(kafka_.get()));
    for (const TransactionMessage& message : messages) {
      const auto error = Produce(message);
      if (error && !IsRefusal(error)) throw ProducingError(error, message.topic);
      refusal_ = error;
      if (error) return nullptr;
    }
    return KafkaError(rd_kafka_commit_transaction(kafka_.get(), -1));
  }

  rd_kafka_resp_err_t Produce(const TransactionMessage& message) {
    // A missing key or value becomes a view without data, which librdkafka sends as null.
    const std::string_view key = message.message.key.value_or(std::string_view());
    const std::string_view value = message.message.value.value_or(std::string_view());
    KafkaHeaders headers = MakeKafkaHeaders(message.message.headers);
    const auto error = rd_kafka_producev(
        kafka_.get(), RD_KAFKA_V_TOPIC(message.topic.c_str()),
        RD_KAFKA_V_PARTITION(message.partition.value_or(RD_KAFKA_PARTITION_UA)),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
        RD_KAFKA_V_HEADERS(headers.get()),
        RD_KAFKA_V_TIMESTAMP(message.message.timestamp_ms.value_or(0)),  // 0 = now
        RD_KAFKA_V_END);
    if (!error) static_cast<void>(headers.release());  // the message owns them now
    return error;
  }

  TaskError ErrorOf(const rd_kafka_error_t& error) const {
    const auto code = rd_kafka_error_code(&error);
    if (code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
        code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED) {
      return {ExitCode::kTransient, "a Kafka transaction: another run of this task has taken over"};
    }
    const bool is_silence = code == RD_KAFKA_RESP_ERR__TIMED_OUT && !troubles_.broker.empty();
    return {CodeOfKafkaError(code),
            fmt::format("a Kafka transaction: {}",
                        is_silence ? troubles_.broker : rd_kafka_error_string(&error))};
  }

  void Check(rd_kafka_error_t* raw) const {
    const KafkaError error(raw);
    if (error) throw ErrorOf(*error);
  }

  static void OnReport(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    // Here the time is the message's own.
    const bool is_refusal =
        IsRefusal(message->err) || message->err == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
    if (is_refusal) static_cast<Impl*>(opaque)->refusal_ = message->err;
  }

  static void OnError(rd_kafka_t*, int error, const char* reason, void* opaque) {
    static_cast<Impl*>(opaque)->troubles_.Add(error, reason);
  }

  Run& run_;
  KafkaHandle kafka_;
  // Set when a message of the current transaction is rejected.
  rd_kafka_resp_err_t refusal_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  KafkaTroubles troubles_;
};

KafkaTransactions::KafkaTransactions(Run& run, const KafkaProperties& properties,
                                     const std::string& id)
    : impl_(std::make_unique<Impl>(run, properties, id)) {}
KafkaTransactions::~KafkaTransactions() = default;

tl::expected<void, std::string> KafkaTransactions::Store(
    std::span<const TransactionMessage> messages) {
  return impl_->Store(messages);
}

}  // namespace steamflow
