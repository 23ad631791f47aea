#include "kafka_output.h"

#include <fmt/format.h>

#include <chrono>

#include "dead_letters.h"
#include "kafka_producer.h"

namespace steamflow {
namespace {

class KafkaOutput : public RecordOutput {
 public:
  KafkaOutput(Run& run, const KafkaProperties& properties, const std::string& topic,
              OnDelivered on_delivered)
      : run_(run),
        result_(run.result.sink.emplace()),
        on_delivered_(std::move(on_delivered)),
        common_headers_(CommonHeaders(run.identity)),
        producer_(run, properties) {
    result_.type = "kafka";
    result_.topic = topic;
    headers_.push_back({"event_id", ""});
    for (const auto& [name, value] : common_headers_) headers_.push_back({name, value});
    topic_ = &producer_.Open(
        topic,
        {.on_delivered =
             [this](const KafkaDelivery& record) {
               ++result_.acknowledged;
               on_delivered_(record.item(), Delivery::kRecord);
             },
         .on_refused =
             [this](std::uint64_t item, const OutgoingMessage& record, const std::string& reason) {
               BecomeDeadLetter(item, record, reason);
               return true;
             },
         .on_failed = [this](std::uint64_t item) { on_delivered_(item, Delivery::kFailed); }});
  }

  void Write(const Record& record, std::uint64_t item) override {
    producer_.Await(*topic_);
    ++result_.records;
    result_.bytes += record.value.size();
    headers_.front().value = record.event_id;
    producer_.Produce(*topic_, {record.key, record.value, headers_}, item);
  }

  void Write(const DeadLetter& letter, std::uint64_t item) override {
    producer_.Await(*topic_);
    Write(DeadLetterMessage{.key = letter.key,
                            .event_id = letter.event_id,
                            .value = letter.value,
                            .reason = letter.reason,
                            .source_topic = result_.topic},
          item);
  }

  void Poll() override { producer_.Poll(); }

  std::optional<TaskError> Drain() override {
    const auto begun = Clock::now();
    auto error = producer_.Drain();
    if (run_.log.Shows(LogLevel::kDebug)) {
      run_.log.Debug(fmt::format(
          "flushed to {}: {} of {} records acknowledged, {} bytes, {} dead letters, waited {} ms",
          result_.topic, result_.acknowledged, result_.records, result_.bytes, result_.dead_letters,
          std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count()));
    }
    return error;
  }

 private:
  void BecomeDeadLetter(std::uint64_t item, const OutgoingMessage& record,
                        const std::string& reason) {
    --result_.records;
    result_.bytes -= record.value->size();
    const std::string_view event_id = record.headers.front().value;
    Write(DeadLetterMessage{.key = event_id,
                            .event_id = event_id,
                            .value = record.value,
                            .reason = reason,
                            .source_topic = result_.topic,
                            .source_key = record.key,
                            .headers = record.headers},
          item);
  }

  void Write(const DeadLetterMessage& letter, std::uint64_t item) {
    if (!dead_letters_) {
      dead_letters_.emplace(run_, producer_, [this](std::uint64_t its_item, bool has_arrived) {
        on_delivered_(its_item, has_arrived ? Delivery::kDeadLetter : Delivery::kFailed);
      });
    }
    ++result_.dead_letters;
    dead_letters_->Write(letter, item);
  }

  Run& run_;
  SinkResult& result_;
  const OnDelivered on_delivered_;
  const std::vector<std::pair<std::string, std::string>> common_headers_;
  std::vector<KafkaHeader> headers_;  // of the record being written: event_id, then the common ones
  KafkaProducer producer_;
  KafkaProducer::Topic* topic_ = nullptr;
  std::optional<DeadLetters> dead_letters_;  // once there is one
};

}  // namespace

std::unique_ptr<RecordOutput> MakeKafkaOutput(Run& run, const KafkaProperties& properties,
                                              const std::string& topic,
                                              RecordOutput::OnDelivered on_delivered) {
  return std::make_unique<KafkaOutput>(run, properties, topic, std::move(on_delivered));
}

}  // namespace steamflow
