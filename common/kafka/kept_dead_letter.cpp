#include "kept_dead_letter.h"

namespace steamflow {
namespace {

std::size_t SizeOf(const DeadLetterMessage& letter) {
  std::size_t size = letter.key.size() + letter.event_id.size() + letter.reason.size() +
                     letter.source_topic.size() + letter.value.value_or("").size() +
                     letter.source_key.value_or("").size();
  for (const auto& [name, value] : letter.headers) size += name.size() + value.size();
  return size;
}

}  // namespace

KeptDeadLetter::KeptDeadLetter(const DeadLetterMessage& letter)
    : letter_(letter), bytes_(sizeof(KeptDeadLetter) + SizeOf(letter)) {
  texts_.reserve(SizeOf(letter));  // so that later appends do not move the bytes
  letter_.key = Copy(letter.key);
  letter_.event_id = Copy(letter.event_id);
  letter_.value = Copy(letter.value);
  letter_.reason = Copy(letter.reason);
  letter_.source_topic = Copy(letter.source_topic);
  letter_.source_key = Copy(letter.source_key);
  for (const auto& [name, value] : letter.headers) headers_.push_back({Copy(name), Copy(value)});
  letter_.headers = headers_;
}

std::string_view KeptDeadLetter::Copy(std::string_view text) {
  const std::size_t at = texts_.size();
  texts_ += text;
  return std::string_view(texts_).substr(at);
}

std::optional<std::string_view> KeptDeadLetter::Copy(const std::optional<std::string_view>& text) {
  if (!text) return std::nullopt;
  return Copy(*text);
}

}  // namespace steamflow
