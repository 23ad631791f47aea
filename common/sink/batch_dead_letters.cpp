#include "batch_dead_letters.h"

#include <fmt/format.h>

namespace steamflow {

void BatchDeadLetters::Add(const ConsumedMessage& message, const std::vector<KafkaHeader>& headers,
                           std::string_view reason) {
  const bool has_id = message.event_id && !message.event_id->empty();
  const std::string event_id = has_id ? std::string(*message.event_id) : MadeEventId(message);
  kept_.emplace_back(DeadLetterMessage{.key = event_id,
                                       .event_id = event_id,
                                       .value = message.value,
                                       .reason = reason,
                                       .source_topic = message.topic,
                                       .source_key = message.key,
                                       .source_partition = message.partition,
                                       .source_offset = message.offset,
                                       .source_timestamp = message.timestamp_ms,
                                       .headers = headers});
  errors_.emplace_back();
  bytes_ += kept_.back().bytes();
}

void BatchDeadLetters::Refuse(const ConsumedMessage& message,
                              const std::vector<KafkaHeader>& headers, std::string_view error,
                              std::string_view reason) {
  fuse_.Refuse(message.topic, error, reason);
  Add(message, headers, reason);
  errors_.back() = error;
}

void BatchDeadLetters::Send() {
  if (kept_.empty()) return;
  for (const KeptDeadLetter& kept : kept_) letters_.Write(kept.letter());
  letters_.Send();
}

void BatchDeadLetters::Shorten(std::size_t count) {
  while (kept_.size() > count) {
    const KeptDeadLetter& kept = kept_.back();
    if (!errors_.back().empty()) fuse_.Forget(kept.letter().source_topic, errors_.back());
    bytes_ -= kept.bytes();
    kept_.pop_back();
    errors_.pop_back();
  }
}

void BatchDeadLetters::Clear() {
  kept_.clear();
  errors_.clear();
  bytes_ = 0;
}

}  // namespace steamflow
