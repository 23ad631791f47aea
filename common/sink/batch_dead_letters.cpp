#include "batch_dead_letters.h"

#include <fmt/format.h>

namespace steamflow {

void BatchDeadLetters::Add(const ConsumedMessage& message, const std::vector<KafkaHeader>& headers,
                           std::string_view reason) {
  Kept& kept = kept_.emplace_back();
  kept.topic = message.topic;
  kept.partition = message.partition;
  kept.offset = message.offset;
  const bool has_id = message.event_id && !message.event_id->empty();
  kept.event_id = has_id ? std::string(*message.event_id) : MadeEventId(message);
  if (message.key) kept.key = *message.key;
  if (message.value) kept.value = *message.value;
  for (const auto& [name, value] : headers) kept.headers.emplace_back(name, value);
  kept.reason = reason;
  bytes_ += kept.bytes();
}

void BatchDeadLetters::Refuse(const ConsumedMessage& message,
                              const std::vector<KafkaHeader>& headers, std::string_view error,
                              std::string_view reason) {
  fuse_.Refuse(message.topic, error, reason);
  Add(message, headers, reason);
  kept_.back().error = error;
}

void BatchDeadLetters::Send() {
  if (kept_.empty()) return;
  std::vector<KafkaHeader> headers;
  for (const Kept& kept : kept_) {
    headers.clear();
    for (const auto& [name, value] : kept.headers) headers.push_back({name, value});
    letters_.Write({.key = kept.event_id,
                    .event_id = kept.event_id,
                    .value = kept.value,
                    .reason = kept.reason,
                    .source_topic = kept.topic,
                    .source_key = kept.key,
                    .source_partition = kept.partition,
                    .source_offset = kept.offset,
                    .headers = headers});
  }
  letters_.Send();
}

void BatchDeadLetters::Shorten(std::size_t count) {
  for (; kept_.size() > count; kept_.pop_back()) {
    const Kept& kept = kept_.back();
    if (!kept.error.empty()) fuse_.Forget(kept.topic, kept.error);
    bytes_ -= kept.bytes();
  }
}

void BatchDeadLetters::Clear() {
  kept_.clear();
  bytes_ = 0;
}

}  // namespace steamflow
