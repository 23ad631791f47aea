#include "letter_selection.h"

#include <fmt/format.h>

#include <charconv>

#include "flags.h"
#include "setting.h"

namespace steamflow {
namespace {

std::pair<std::int32_t, std::int64_t> ParsePlace(const std::string& text) {
  std::pair<std::int32_t, std::int64_t> place;
  const char* const end = text.data() + text.size();
  const auto partition = std::from_chars(text.data(), end, place.first);
  if (partition.ec == std::errc() && partition.ptr != end && *partition.ptr == '/') {
    const auto offset = std::from_chars(partition.ptr + 1, end, place.second);
    if (offset.ec == std::errc() && offset.ptr == end) return place;
  }
  throw TaskError(ExitCode::kUsage,
                  fmt::format("--letter: '{}' is not PARTITION/OFFSET, such as 3/17", text));
}

}  // namespace

void LetterFlags::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Which letters");
  own.Add("--letter", letters, "PARTITION/OFFSET of a letter; repeatable");
  own.Add("--reason", reason, "Letters whose reason has this in it");
  own.Add("--source-topic", source_topic, "Letters of this topic's records");
  own.Add("--event-id", event_id, "Letters of the record with this event id");
  own.Add("--since", since, "What Kafka got at this time or later, ISO 8601");
  own.Add("--until", until, "What Kafka got before this time, ISO 8601");
}

bool LetterSelection::Has(const StoredLetter& letter) const {
  return (letters.empty() || letters.count({letter.partition, letter.offset}) > 0) &&
         letter.reason.find(reason) != std::string::npos &&
         (source_topic.empty() || letter.topic == source_topic) &&
         (event_id.empty() || letter.event_id == event_id) && (!since || letter.time >= *since) &&
         (!until || letter.time < *until);
}

bool LetterSelection::HasAll() const {
  return letters.empty() && reason.empty() && source_topic.empty() && event_id.empty() && !since &&
         !until;
}

LetterSelection ReadSelection(const LetterFlags& flags) {
  LetterSelection selection{.reason = flags.reason,
                            .source_topic = flags.source_topic,
                            .event_id = flags.event_id,
                            .since = ReadDate("--since", flags.since),
                            .until = ReadDate("--until", flags.until)};
  for (const std::string& letter : flags.letters) selection.letters.insert(ParsePlace(letter));
  return selection;
}

}  // namespace steamflow
