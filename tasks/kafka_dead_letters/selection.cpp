#include "selection.h"

#include <fmt/format.h>

#include "airflow_variable.h"
#include "flags.h"
#include "parse_number.h"

namespace steamflow {
namespace {

std::pair<std::int32_t, std::int64_t> ParsePlace(const std::string& text) {
  const auto slash = text.find('/');
  if (slash != std::string::npos) {
    const auto partition = ParseNumber<std::int32_t>(text.substr(0, slash));
    const auto offset = ParseNumber<std::int64_t>(text.substr(slash + 1));
    if (partition && offset) return {*partition, *offset};
  }
  throw TaskError(ExitCode::kUsage,
                  fmt::format("--letter: '{}' is not PARTITION/OFFSET, such as 3/17", text));
}

}  // namespace

void DeadLetterFlags::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Which letters");
  own.Add("--letter", letters, "PARTITION/OFFSET of a letter; repeatable");
  own.Add("--reason", reason, "Letters whose reason contains this text");
  own.Add("--source-topic", source_topic, "Letters of this topic's records").Format("topic");
  own.Add("--event-id", event_id, "Letters of the record with this event id");
  own.Add("--since", since, "Messages that Kafka received at this time or later, ISO 8601")
      .Format("date-time");
  own.Add("--until", until, "Messages that Kafka received before this time, ISO 8601")
      .Format("date-time");
}

bool DeadLetterSelection::Has(const StoredDeadLetter& letter) const {
  return (letters.empty() || letters.count({letter.partition, letter.offset}) > 0) &&
         letter.reason.find(reason) != std::string::npos &&
         (source_topic.empty() || letter.topic == source_topic) &&
         (event_id.empty() || letter.event_id == event_id) && (!since || letter.time >= *since) &&
         (!until || letter.time < *until);
}

bool DeadLetterSelection::HasAll() const {
  return letters.empty() && reason.empty() && source_topic.empty() && event_id.empty() && !since &&
         !until;
}

DeadLetterSelection ReadSelection(const DeadLetterFlags& flags) {
  DeadLetterSelection selection{.reason = flags.reason,
                                .source_topic = flags.source_topic,
                                .event_id = flags.event_id,
                                .since = ReadDate("--since", flags.since),
                                .until = ReadDate("--until", flags.until)};
  for (const std::string& letter : flags.letters) selection.letters.insert(ParsePlace(letter));
  return selection;
}

}  // namespace steamflow
