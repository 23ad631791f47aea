#include "dead_letters.h"

#include <fmt/format.h>

#include <deque>
#include <string>
#include <vector>

namespace steamflow {
namespace {
constexpr std::size_t kShortest = 1024;  // bytes; a value is not cut further
}

DeadLetters::DeadLetters(Run& run, KafkaProducer& producer, OnDone on_done)
    : run_(run),
      producer_(producer),
      topic_(producer.Open(
          kDeadLetterTopic,
          {.on_delivered = [on_done](const KafkaDelivery& letter) { on_done(letter.item(), true); },
           .on_refused = [this](std::uint64_t item, const OutgoingMessage& message,
                                const std::string&) { return Cut(item, message); },
           .on_failed = [on_done](std::uint64_t item) { on_done(item, false); }})) {}

void DeadLetters::Await() {
  producer_.Await(topic_);
}

void DeadLetters::Write(const Letter& letter, std::uint64_t item) {
  run_.log.Warning(fmt::format("dead letter {}: {}", letter.key, letter.reason));
  std::vector<KafkaHeader> headers{{"reason", letter.reason},
                                   {"source_topic", letter.source_topic},
                                   {"event_id", letter.event_id},
                                   {"task", run_.task},
                                   {"run_id", run_.identity.run_id}};
  std::deque<std::string> texts;  // whose elements do not move
  const auto add = [&](std::string_view name, auto value) {
    if (value) headers.push_back({name, texts.emplace_back(fmt::to_string(*value))});
  };
  add("source_key", letter.source_key);
  add("source_partition", letter.source_partition);
  add("source_offset", letter.source_offset);
  for (const auto& [name, value] : letter.headers) {
    headers.push_back({texts.emplace_back(fmt::format("{}{}", kRecordHeaderPrefix, name)), value});
  }
  producer_.Produce(topic_, {letter.key, letter.value, headers}, item);
}

// Sends the first half of a letter that is too large. False where it is short already.
bool DeadLetters::Cut(std::uint64_t item, const OutgoingMessage& message) {
  if (!message.value || message.value->size() <= kShortest) return false;
  std::vector<KafkaHeader> headers(message.headers.begin(), message.headers.end());
  if (headers.back().name != "truncated") headers.push_back({"truncated", "true"});
  producer_.Produce(
      topic_, {message.key, message.value->substr(0, message.value->size() / 2), headers}, item);
  return true;
}

}  // namespace steamflow
