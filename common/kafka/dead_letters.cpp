#include "dead_letters.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

namespace steamflow {
namespace {
constexpr std::size_t kShortest = 64;  // bytes; shorter parts are not cut
constexpr std::size_t kLogged = 200;   // bytes of a key in a log line
constexpr char kTruncatedHeader[] = "truncated";
}  // namespace

DeadLetterWriter::DeadLetterWriter(Run& run, KafkaProducer& producer, OnDone on_done)
    : run_(run),
      producer_(producer),
      topic_(producer.Open(
          kDeadLetterTopic,
          {.on_delivered = [on_done](const KafkaDelivery& letter) { on_done(letter.item(), true); },
           .on_refused = [this](std::uint64_t item, const OutgoingMessage& message,
                                const std::string&) { return Cut(item, message); },
           .on_failed = [on_done](std::uint64_t item) { on_done(item, false); }})) {}

void DeadLetterWriter::Await() {
  producer_.Await(topic_);
}

void DeadLetterWriter::Write(const DeadLetterMessage& letter, std::uint64_t item) {
  run_.log.Warning(fmt::format("dead letter {}: {}", letter.key.substr(0, kLogged), letter.reason));
  std::vector<KafkaHeader> headers{{"reason", letter.reason},
                                   {"source_topic", letter.source_topic},
                                   {"event_id", letter.event_id},
                                   {"task", run_.task},
                                   {"run_id", run_.identity.run_id}};
  std::deque<std::string> texts;  // a deque does not move its elements
  const auto add = [&](std::string_view name, auto value) {
    if (value) headers.push_back({name, texts.emplace_back(fmt::to_string(*value))});
  };
  add("source_key", letter.source_key);
  add("source_partition", letter.source_partition);
  add("source_offset", letter.source_offset);
  add("source_timestamp", letter.source_timestamp);
  for (const auto& [name, value] : letter.headers) {
    headers.push_back({texts.emplace_back(fmt::format("{}{}", kRecordHeaderPrefix, name)), value});
  }
  producer_.Produce(topic_, {letter.key, letter.value, headers}, item);
}

// Sends a dead letter that was too large again, without the second half of its largest part. If all
// parts are short, half of the record's headers are dropped instead. Returns false if nothing is
// left to cut.
bool DeadLetterWriter::Cut(std::uint64_t item, const OutgoingMessage& message) {
  std::vector<KafkaHeader> headers(message.headers.begin(), message.headers.end());
  if (headers.back().name != kTruncatedHeader) headers.push_back({kTruncatedHeader, "true"});
  OutgoingMessage cut{message.key, message.value, {}};
  std::string_view* largest = &headers.front().value;
  for (KafkaHeader& header : headers) {
    if (header.value.size() > largest->size()) largest = &header.value;
  }
  for (auto* part : {&cut.key, &cut.value}) {
    if (*part && (*part)->size() > largest->size()) largest = &**part;
  }
  if (largest->size() > kShortest) {
    *largest = largest->substr(0, largest->size() / 2);
  } else {
    const auto is_records = [](const KafkaHeader& header) {
      return header.name.substr(0, std::string_view(kRecordHeaderPrefix).size()) ==
             kRecordHeaderPrefix;
    };
    const auto first = std::find_if(headers.begin(), headers.end(), is_records);
    const auto end = std::find_if_not(first, headers.end(), is_records);
    if (first == end) return false;
    headers.erase(first + (end - first) / 2, end);
  }
  cut.headers = headers;
  producer_.Produce(topic_, cut, item);
  return true;
}

}  // namespace steamflow
