#include "kafka_output.h"

#include <fmt/format.h>

#include <chrono>
#include <deque>
#include <iterator>
#include <map>
#include <utility>

#include "dead_letters.h"
#include "kafka_producer.h"
#include "kept_dead_letter.h"
#include "refusal_fuse.h"

namespace steamflow {
namespace {

constexpr std::size_t kMostKept = 16U << 20U;  // bytes of dead letters held back

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
               Refused(item, record, reason);
               return true;
             },
         .on_failed = [this](std::uint64_t item) { on_delivered_(item, Delivery::kFailed); }});
  }

  void Write(const Record& record, std::uint64_t item) override {
    producer_.Await(*topic_);
    ++result_.records;
    ++untold_;
    result_.bytes += record.value.size();
    headers_.front().value = record.event_id;
    producer_.Produce(*topic_, {record.key, record.value, headers_}, item);
  }

  void Write(const DeadLetter& letter, std::uint64_t item) override {
    producer_.Await(*topic_);
    Keep(item, {.key = letter.key,
                .event_id = letter.event_id,
                .value = letter.value,
                .reason = letter.reason,
                .source_topic = result_.topic});
  }

  void SendDeadLetters(std::uint64_t item) override {
    if (blown_) throw *blown_;
    const auto its = kept_.extract(item);
    if (!its) return;
    for (const KeptDeadLetter& kept : its.mapped()) {
      kept_bytes_ -= kept.bytes();
      ++result_.dead_letters;
      dead_letters_->Write(kept.letter(), item);
    }
  }

  void Poll() override { producer_.Poll(); }

  std::optional<TaskError> Flush() override {
    const auto begun = Clock::now();
    auto error = producer_.Flush();
    if (!error) error = too_many_;
    if (run_.log.Shows(LogLevel::kDebug)) {
      run_.log.Debug(fmt::format(
          "flushed to {}: {} of {} records acknowledged, {} bytes, {} dead letters, waited {} ms",
          result_.topic, result_.acknowledged, result_.records, result_.bytes, result_.dead_letters,
          std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count()));
    }
    return error;
  }

 private:
  void Refused(std::uint64_t item, const OutgoingMessage& record, const std::string& reason) {
    --result_.records;
    result_.bytes -= record.value->size();
    const std::string_view event_id = record.headers.front().value;
    fuse_.Try(result_.topic, std::exchange(untold_, 0));
    try {
      fuse_.Refuse(result_.topic, reason, fmt::format("the last of them is {}", event_id));
    } catch (const TaskError& blown) {
      blown_ = blown;
      throw;
    }
    Keep(item, {.key = event_id,
                .event_id = event_id,
                .value = record.value,
                .reason = reason,
                .source_topic = result_.topic,
                .source_key = record.key,
                .headers = record.headers});
  }

  // Holds back a dead letter. If there are more than fit into kMostKept, drops the letters of the
  // last items and marks these items as failed: the position stays before them, so the next run
  // meets them again.
  void Keep(std::uint64_t item, const DeadLetterMessage& letter) {
    if (!dead_letters_) {
      dead_letters_.emplace(run_, producer_, [this](std::uint64_t its_item, bool has_arrived) {
        on_delivered_(its_item, has_arrived ? Delivery::kDeadLetter : Delivery::kFailed);
      });
    }
    kept_bytes_ += kept_[item].emplace_back(letter).bytes();
    on_delivered_(item, Delivery::kKept);
    while (kept_bytes_ > kMostKept && kept_.size() > 1) {
      const auto last = std::prev(kept_.end());
      too_many_.emplace(ExitCode::kTransient,
                        fmt::format("{}: more dead letters than a run holds ({} MiB): the next run "
                                    "continues with them",
                                    result_.topic, kMostKept >> 20U));
      for (const KeptDeadLetter& kept : last->second) {
        kept_bytes_ -= kept.bytes();
        on_delivered_(last->first, Delivery::kFailed);
      }
      kept_.erase(last);
    }
  }

  Run& run_;
  SinkResult& result_;
  const OnDelivered on_delivered_;
  const std::vector<std::pair<std::string, std::string>> common_headers_;
  // The headers of the record being written: event_id, then the common ones.
  std::vector<KafkaHeader> headers_;
  KafkaProducer producer_;
  KafkaProducer::Topic* topic_ = nullptr;
  std::optional<DeadLetterWriter> dead_letters_;              // empty until the first dead letter
  std::map<std::uint64_t, std::deque<KeptDeadLetter>> kept_;  // by item
  std::size_t kept_bytes_ = 0;
  std::optional<TaskError> too_many_;  // set if some dead letters had to be dropped
  RefusalFuse fuse_{"Kafka", "nothing is moved; see the topic's max.message.bytes"};
  std::uint64_t untold_ = 0;        // records that have not yet been counted by the fuse
  std::optional<TaskError> blown_;  // the fuse's error; after it no dead letter may be sent
};

}  // namespace

std::unique_ptr<RecordOutput> MakeKafkaOutput(Run& run, const KafkaProperties& properties,
                                              const std::string& topic,
                                              RecordOutput::OnDelivered on_delivered) {
  return std::make_unique<KafkaOutput>(run, properties, topic, std::move(on_delivered));
}

}  // namespace steamflow
