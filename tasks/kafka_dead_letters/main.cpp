// Lists the dead letters, shows them in full, or puts their records back into their topics.

#include <fmt/format.h>

#include <map>
#include <set>

#include "command.h"
#include "dead_letters.h"
#include "file_io.h"
#include "json_document.h"
#include "json_schema.h"
#include "replay.h"
#include "selection.h"
#include "topic_scan.h"

namespace {

using namespace steamflow;

std::string Line(const StoredDeadLetter& letter) {
  return fmt::format("{:<10}  {}  {:<9}  {:<18}  {}  {}\n",
                     fmt::format("{}/{}", letter.partition, letter.offset), FormatUtc(letter.time),
                     Name(letter.state), OneLine(letter.topic), OneLine(letter.event_id),
                     OneLine(letter.reason));
}

std::string Whole(const StoredDeadLetter& letter) {
  std::string text = Line(letter) + fmt::format("task: {}\n", OneLine(letter.task));
  if (letter.key) text += fmt::format("key: {}\n", OneLine(*letter.key));
  for (const auto& [name, value] : letter.headers) {
    text += fmt::format("header {}: {}\n", OneLine(name), OneLine(value));
  }
  if (!letter.value) return text + "no value\n\n";
  return text + fmt::format("value, {} bytes:\n{}\n\n", letter.value->size(), *letter.value);
}

// The dead letters that were replayed, and the places of their records. All dead letters of such a
// record count as replayed.
struct Replayed {
  std::set<std::pair<std::int32_t, std::int64_t>> letters;
  std::set<RecordPlace> places;

  bool Has(const StoredDeadLetter& letter) const {
    return letters.count({letter.partition, letter.offset}) > 0 ||
           (letter.place && places.count(*letter.place) > 0);
  }
};

Replayed FindReplayed(const KafkaProperties& properties, std::optional<Instant> since,
                      const Stop& stop) {
  Replayed replayed;
  TopicScan(properties, kDeadLetterTopic, since, stop)
      .Each([&](std::int32_t partition, const KafkaMessage& message) {
        const auto offset = ReplayedOffset(message);
        if (!offset) return true;
        replayed.letters.insert({partition, *offset});
        if (const auto place = PlaceOf(message)) replayed.places.insert(*place);
        return true;
      });
  return replayed;
}

struct Counts {
  std::map<StoredDeadLetter::State, std::uint64_t> states;  // counts the selected dead letters

  void ReportTo(Result& result, const DeadLetterReplay* replay) {
    Json json;
    for (const auto state :
         {StoredDeadLetter::State::kOpen, StoredDeadLetter::State::kReplayed,
          StoredDeadLetter::State::kTruncated, StoredDeadLetter::State::kNoRecord}) {
      json[state == StoredDeadLetter::State::kNoRecord ? "no_record" : Name(state)] = states[state];
    }
    if (replay) {
      json["delivered"] = replay->delivered();
      json["refused"] = replay->refused();
    }
    result.sections = {{"letters", std::move(json)}};
  }

  static Json Parts() {
    const Json count = schema::Count();
    const Json states{
        {"open", count}, {"replayed", count}, {"truncated", count}, {"no_record", count}};
    return {{"letters", schema::Object(states, {{"delivered", count}, {"refused", count}})}};
  }
};

}  // namespace

int main(int argc, char** argv) {
  Command command(
      "kafka-dead-letters",
      "Lists the dead letters: records that could not be delivered, and why. --show prints them in "
      "full, and --replay puts their records back into their topics, once each.",
      "kafka-dead-letters --brokers localhost:9092 --source-topic steam_news --replay",
      Counts::Parts);
  DeadLetterFlags flags;
  flags.AddTo(command.flags());
  bool show = false;
  bool replays = false;
  const Flag show_flag = command.flags().Add("--show", show, "Print the letters in full");
  command.flags()
      .Add("--replay", replays, "Put the letters' records back into their topics, once each")
      .Excludes(show_flag);
  command.flags().AddTopic(kDeadLetterTopic);
  KafkaFlags kafka;
  kafka.AddTo(command.flags());

  return command.Main(argc, argv, [&](Run& run) {
    const DeadLetterSelection selection = ReadSelection(flags);
    if (replays && selection.HasAll()) {
      throw TaskError(ExitCode::kUsage,
                      "--replay: say which letters, such as --source-topic or --since");
    }
    const KafkaProperties properties = ReadKafkaProperties(kafka, run.log);
    std::optional<DeadLetterReplay> replay;
    if (replays) replay.emplace(run, properties);  // fences off others before their notes are read
    Replayed replayed = FindReplayed(properties, selection.since, run.stop);

    Counts counts;
    counts.ReportTo(run.result, replay ? &*replay : nullptr);
    TopicScan(properties, kDeadLetterTopic, selection.since, run.stop)
        .Each([&](std::int32_t partition, const KafkaMessage& message) {
          if (ReplayedOffset(message)) return true;
          StoredDeadLetter letter = ReadDeadLetter(partition, message);
          if (!selection.Has(letter)) return true;
          if (letter.state == StoredDeadLetter::State::kOpen && replayed.Has(letter)) {
            letter.state = StoredDeadLetter::State::kReplayed;
          }
          ++counts.states[letter.state];
          if (!replay) WriteStdout(show ? Whole(letter) : Line(letter));
          if (replay && letter.state == StoredDeadLetter::State::kOpen) {
            if (letter.place) replayed.places.insert(*letter.place);
            replay->Add(std::move(letter));
          }
          counts.ReportTo(run.result, replay ? &*replay : nullptr);
          return true;
        });
    if (!replay) return;
    replay->Finish();
    counts.ReportTo(run.result, &*replay);
    const auto left = replay->refused() + counts.states[StoredDeadLetter::State::kTruncated] +
                      counts.states[StoredDeadLetter::State::kNoRecord];
    if (left > 0) {
      throw TaskError(ExitCode::kData,
                      fmt::format("{} of the letters cannot be replayed: refused by Kafka, "
                                  "truncated, or not records",
                                  left));
    }
  });
}
