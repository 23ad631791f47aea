#include "letter_selection.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>

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

void LetterFlags::AddTo(CLI::App& app) {
  const std::string group = "Which letters";
  app.add_option("--letter", letters, "PARTITION/OFFSET of a letter; repeatable")
      ->group(group)
      ->allow_extra_args(false);
  app.add_option("--reason", reason, "Letters whose reason has this in it")->group(group);
  app.add_option("--source-topic", source_topic, "Letters of this topic's records")->group(group);
  app.add_option("--event-id", event_id, "Letters of the record with this event id")->group(group);
  app.add_option("--since", since, "What Kafka got at this time or later, ISO 8601")->group(group);
  app.add_option("--until", until, "What Kafka got before this time, ISO 8601")->group(group);
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
