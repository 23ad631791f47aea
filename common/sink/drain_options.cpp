#include "drain_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "flags.h"
#include "shard.h"
#include "task_error.h"
#include "topic_spec.h"
#include "topics.h"

namespace steamflow {

void DrainOptions::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Drain");
  own.Add("--topic", topics, "Kafka topic").Format("topic");
  own.Add("--max-records", max_records,
          "Maximum number of records to read in a run, all topics together")
      .Range(std::uint64_t{1}, std::uint64_t{1} << 53U);
  own.Add("--shard", shard, kShardHelp).Check(CheckShard);
  own.Add("--accept-gap", accept_gap,
          "If Kafka no longer has the stored position, continue from the first record that it has");
  own.Add("--accept-refusals", accept_refusals,
          "Continue even if the store refuses more than ten, and more than a tenth, of a topic's "
          "records for one reason: they become dead letters");
  flags.AddTopic(kDeadLetterTopic);
  kafka.AddTo(flags);
}

void CheckTopics(const std::vector<std::string>& topics) {
  for (const std::string& topic : topics) {
    if (topic == kDeadLetterTopic) {
      throw TaskError(ExitCode::kUsage,
                      fmt::format("--topic: {} cannot be drained, because its records would become "
                                  "dead letters again and again; see kafka-dead-letters",
                                  topic));
    }
    const bool is_twice = std::count(topics.begin(), topics.end(), topic) > 1;
    if (!is_twice && IsTopicName(topic)) continue;
    throw TaskError(ExitCode::kUsage,
                    fmt::format("--topic: '{}' {}", topic,
                                is_twice ? "is given twice" : "is not a topic name"));
  }
}

}  // namespace steamflow
