#include "replay.h"

#include <fmt/format.h>

#include <deque>

#include "dead_letters.h"

namespace steamflow {
namespace {

constexpr char kTransactionalId[] = "steamflow-dead-letters";
constexpr std::size_t kMost = 100;  // dead letters in one transaction
constexpr std::size_t kMostBytes = 1U << 20U;

std::optional<std::string_view> View(const std::optional<std::string>& bytes) {
  return bytes ? std::optional<std::string_view>(*bytes) : std::nullopt;
}

}  // namespace

DeadLetterReplay::DeadLetterReplay(Run& run, const KafkaProperties& properties)
    : run_(run),
      cluster_(KafkaAdmin(properties, run.stop, run.stop.work_until()).Describe()),
      transactions_(run, properties, kTransactionalId) {}

void DeadLetterReplay::Add(StoredDeadLetter letter) {
  if (cluster_.topics.count(letter.topic) == 0) {
    ++refused_;
    run_.log.Warning(fmt::format("letter {}/{}: the topic {} does not exist", letter.partition,
                                 letter.offset, letter.topic));
    return;
  }
  waiting_bytes_ += letter.value ? letter.value->size() : 0;
  waiting_.push_back(std::move(letter));
  if (waiting_.size() >= kMost || waiting_bytes_ >= kMostBytes) Finish();
}

void DeadLetterReplay::Finish() {
  if (waiting_.empty()) return;
  if (Store(waiting_)) {
    delivered_ += waiting_.size();
  } else {
    // The transaction failed because of one letter, and stored none of them. So try each alone.
    for (const StoredDeadLetter& letter : waiting_) {
      if (const auto stored = Store({&letter, 1})) {
        ++delivered_;
      } else {
        ++refused_;
        run_.log.Warning(fmt::format("letter {}/{}: producing to {}: {}", letter.partition,
                                     letter.offset, letter.topic, stored.error()));
      }
    }
  }
  waiting_.clear();
  waiting_bytes_ = 0;
}

tl::expected<void, std::string> DeadLetterReplay::Store(std::span<const StoredDeadLetter> letters) {
  std::deque<std::vector<KafkaHeader>> headers;  // a deque, as messages point to its elements
  std::deque<std::string> texts;
  std::vector<TransactionMessage> messages;
  for (const StoredDeadLetter& letter : letters) {
    auto& record = headers.emplace_back();
    for (const auto& [name, value] : letter.headers) record.push_back({name, value});
    // With its old time: a tombstone that gets a new one would delete a newer player.
    messages.push_back({letter.topic,
                        std::nullopt,
                        {.key = View(letter.key),
                         .value = View(letter.value),
                         .headers = record,
                         .timestamp_ms = letter.timestamp_ms}});
    const auto& offset = texts.emplace_back(fmt::to_string(letter.offset));
    auto& note = headers.emplace_back();
    note = {{kReplayedHeader, offset},
            {"event_id", letter.event_id},
            {"task", run_.task},
            {"run_id", run_.identity.run_id}};
    if (letter.place) {
      const auto& [topic, partition, place, event_id] = *letter.place;
      note.push_back({"source_topic", topic});
      note.push_back({"source_partition", texts.emplace_back(fmt::to_string(partition))});
      note.push_back({"source_offset", texts.emplace_back(fmt::to_string(place))});
    }
    messages.push_back({kDeadLetterTopic, letter.partition, {letter.event_id, std::nullopt, note}});
  }
  return transactions_.Store(messages);
}

}  // namespace steamflow
