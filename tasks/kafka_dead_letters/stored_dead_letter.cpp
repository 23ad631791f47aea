#include "stored_dead_letter.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "dead_letters.h"
#include "parse_number.h"

namespace steamflow {
namespace {

constexpr std::string_view kConnectPrefix = "__connect.errors.";

std::string TextOf(const KafkaMessage& message, const char* header) {
  return std::string(message.Header(header).value_or(""));
}

std::optional<std::string> Copy(std::optional<std::string_view> bytes) {
  return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
}

void ReadOwn(const KafkaMessage& message, StoredDeadLetter& letter) {
  letter.reason = TextOf(message, "reason");
  letter.event_id = TextOf(message, "event_id");
  letter.task = TextOf(message, "task");
  letter.topic = TextOf(message, "source_topic");
  letter.key = Copy(message.Header("source_key"));
  letter.timestamp_ms = ParseNumber<std::int64_t>(message.Header("source_timestamp").value_or(""));
  const std::string_view prefix = kRecordHeaderPrefix;
  for (const auto& [name, value] : message.Headers()) {
    if (name.substr(0, prefix.size()) != prefix) continue;
    letter.headers.emplace_back(name.substr(prefix.size()), value);
  }
  if (!letter.key && !message.Header("source_partition")) {
    letter.state = StoredDeadLetter::State::kNoRecord;
  } else if (message.Header("truncated")) {
    letter.state = StoredDeadLetter::State::kTruncated;
  }
}

// Reads a dead letter of Kafka Connect, which is the record itself with additional headers that
// describe the error.
void ReadConnects(const KafkaMessage& message, StoredDeadLetter& letter) {
  letter.reason = TextOf(message, "__connect.errors.exception.message");
  letter.task = TextOf(message, "__connect.errors.connector.name");
  letter.topic = TextOf(message, "__connect.errors.topic");
  letter.key = Copy(message.key);
  letter.timestamp_ms = message.timestamp_ms;
  for (const auto& [name, value] : message.Headers()) {
    if (name.substr(0, kConnectPrefix.size()) == kConnectPrefix) continue;
    letter.headers.emplace_back(name, value);
    if (name == "event_id") letter.event_id = value;
  }
  if (letter.event_id.empty()) {  // the sinks name a record without an event id in the same way
    letter.event_id =
        fmt::format("{}/{}/{}", letter.topic, TextOf(message, "__connect.errors.partition"),
                    TextOf(message, "__connect.errors.offset"));
  }
}

}  // namespace

std::string_view Name(StoredDeadLetter::State state) {
  switch (state) {
    case StoredDeadLetter::State::kOpen:
      return "open";
    case StoredDeadLetter::State::kReplayed:
      return "replayed";
    case StoredDeadLetter::State::kTruncated:
      return "truncated";
    case StoredDeadLetter::State::kNoRecord:
      break;
  }
  return "no record";
}

StoredDeadLetter ReadDeadLetter(std::int32_t partition, const KafkaMessage& message) {
  StoredDeadLetter letter;
  letter.partition = partition;
  letter.offset = message.offset;
  letter.time =
      std::chrono::floor<std::chrono::seconds>(std::chrono::sys_time<std::chrono::milliseconds>(
          std::chrono::milliseconds(message.timestamp_ms.value_or(0))));
  letter.value = Copy(message.value);
  if (message.Header("__connect.errors.topic")) {
    ReadConnects(message, letter);
  } else {
    ReadOwn(message, letter);
  }
  letter.place = PlaceOf(message);
  const bool has_id = std::any_of(letter.headers.begin(), letter.headers.end(),
                                  [](const auto& header) { return header.first == "event_id"; });
  if (!has_id) letter.headers.emplace_back("event_id", letter.event_id);
  return letter;
}

std::optional<std::int64_t> ReplayedOffset(const KafkaMessage& message) {
  const auto text = message.Header(kReplayedHeader);
  return message.value || !text ? std::nullopt : ParseNumber<std::int64_t>(*text);
}

std::optional<RecordPlace> PlaceOf(const KafkaMessage& message) {
  for (const auto& [topic, partition, offset] :
       {std::tuple{"source_topic", "source_partition", "source_offset"},
        std::tuple{"__connect.errors.topic", "__connect.errors.partition",
                   "__connect.errors.offset"}}) {
    const auto id = ParseNumber<std::int32_t>(message.Header(partition).value_or(""));
    const auto at = ParseNumber<std::int64_t>(message.Header(offset).value_or(""));
    if (id && at) return RecordPlace{TextOf(message, topic), *id, *at, TextOf(message, "event_id")};
  }
  return std::nullopt;
}

}  // namespace steamflow
