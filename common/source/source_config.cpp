#include "source_config.h"

#include <fmt/format.h>

#include "flags.h"
#include "steam_settings.h"
#include "topic_spec.h"
#include "topics.h"

namespace steamflow {
namespace {

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

void ReadSink(const SourceOptions& options, SourceConfig& config) {
  if (options.sink == "kafka" || options.sink == "stdout") {
    config.sink = options.sink;
  } else if (StartsWith(options.sink, "file:") && options.sink.size() > 5) {
    config.sink = "file";
    config.sink_path = options.sink.substr(5);
  } else {
    throw TaskError(ExitCode::kUsage,
                    fmt::format("--sink: '{}' is not kafka, stdout or file:PATH", options.sink));
  }
  if (options.dry_run) config.sink = "none";
}

}  // namespace

void SourceOptions::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Source");
  own.Add("--topic", topic, "Kafka topic").Format("topic");
  own.Add(
      "--sink", sink,
      "kafka, stdout or file:PATH; the last two write one line of JSON for each record, need no "
      "Kafka and move no cursor");
  own.Add("--dry-run", dry_run, "Call the API, but produce nothing and move no cursor");
  flags.AddTopic(kDeadLetterTopic);
  steam.AddTo(flags);
  kafka.AddTo(flags);
}

SourceConfig ReadSourceConfig(const SourceOptions& options, const SourceNeeds& needs, Run& run) {
  SourceConfig config{.topic = options.topic, .time_zone = ReadTimeZone(options.steam.timezone)};
  if (!IsTopicName(config.topic)) {
    throw TaskError(ExitCode::kUsage,
                    fmt::format("--topic: '{}' is not a topic name (1 to 249 letters, digits, "
                                "dots, dashes and underscores)",
                                config.topic));
  }
  ReadSink(options, config);
  config.api_url = ReadApiUrl(options.steam.api_url, run.options.allow_http);
  if (needs.key) {
    config.api_key = ReadApiKey(run.log);
    config.call_budget = ReadCallBudgetLimit(options.steam.call_budget);
  }
  options.kafka.Check();
  options.redis.Check(run.log);
  if (config.sink == "kafka") config.kafka = ReadKafkaProperties(options.kafka, run.log);
  const bool has_cursor = needs.cursor && (config.sink == "kafka" || config.sink == "none");
  if (has_cursor || config.call_budget) {
    config.redis = ReadRedisSettings(options.redis, run.log);
  }
  return config;
}

}  // namespace steamflow
