#include "source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <system_error>

#include "airflow_variable.h"
#include "environment.h"
#include "file_io.h"
#include "flags.h"
#include "json.h"
#include "kafka_output.h"
#include "progress.h"
#include "topics_file.h"
#include "web_url.h"

namespace steamflow {
namespace {

constexpr char kDefaultApiUrl[] = "https://api.steampowered.com";
constexpr char kDefaultTimeZone[] = "Asia/Seoul";

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
  own.Add("--topic", topic, "Kafka topic");
  own.Add("--sink", sink,
          "kafka, stdout or file:PATH; the last two write a line of JSON a record, need no "
          "Kafka and move no cursor");
  own.Add("--dry-run", dry_run, "Ask the API, produce nothing, move no cursor");
  AddApiTo(flags);
  kafka.AddTo(flags);
}

void SourceOptions::AddApiTo(const Flags& flags) {
  const Flags own = flags.Under("Source");
  own.Add(
      "--steam-api-url", api_url,
      WithVariable("Address of the API [default: https://api.steampowered.com]", "STEAM_API_URL"));
  own.Add("--steam-timezone", timezone,
          WithVariable("Zone of the records' timestamps [default: Asia/Seoul]", "STEAM_TIMEZONE"));
}

void SourceOptions::AddRedisTo(const Flags& flags) {
  const Flags own = flags.Under("Source");
  own.Add("--redis-url", redis_url, "redis://host:port/db, without a password");
  own.Add("--redis-conn-id", redis_conn_id, "Airflow Connection of Redis [env: AIRFLOW_CONN_<ID>]");
}

void SourceOptions::AddKeyTo(const Flags& flags) {
  flags.Under("Source").Add(
      "--steam-daily-call-budget", call_budget,
      WithVariable("Calls that the key may make a day (UTC), -1 = no limit [default: "
                   "100000]",
                   "STEAM_DAILY_CALL_BUDGET"));
}

std::string ReadApiKey(Log& log) {
  std::string key = AirflowVariable("STEAM_API_KEY").value_or("");
  std::string source = "AIRFLOW_VAR_STEAM_API_KEY";
  if (key.empty()) {
    const auto variable = AirflowVariable("STEAM_API_KEY_FILE");
    const auto path = variable ? variable : EnvironmentValue("STEAM_API_KEY_FILE");
    if (!path) {
      throw TaskError(ExitCode::kConfig,
                      "no API key: set the Airflow Variable STEAM_API_KEY "
                      "(AIRFLOW_VAR_STEAM_API_KEY), or STEAM_API_KEY_FILE to a file that holds it");
    }
    source = *path;
    try {
      key = ReadFile(*path);
    } catch (const std::system_error& error) {
      throw TaskError(ExitCode::kConfig,
                      fmt::format("STEAM_API_KEY_FILE {}: {}", *path, error.code().message()));
    }
  }
  while (!key.empty() && std::isspace(static_cast<unsigned char>(key.back()))) key.pop_back();
  log.AddSecret(key);
  const bool is_plain = !key.empty() && std::all_of(key.begin(), key.end(),
                                                    [](char c) { return c > ' ' && c <= '~'; });
  if (!is_plain) {
    throw TaskError(
        ExitCode::kConfig,
        fmt::format("the API key in {} is empty or has blanks or control characters", source));
  }
  return key;
}

std::string ReadApiUrl(const std::string& flag_value, bool allow_http) {
  const auto setting = ReadSetting("--steam-api-url", flag_value, "STEAM_API_URL");
  if (!setting) return kDefaultApiUrl;
  return CheckWebUrl(*setting, allow_http, "the API key", kDefaultApiUrl);
}

TimeZone ReadTimeZone(const std::string& flag_value) {
  const auto setting = ReadSetting("--steam-timezone", flag_value, "STEAM_TIMEZONE");
  try {
    return TimeZone(setting ? setting->value : kDefaultTimeZone);
  } catch (const std::invalid_argument& error) {
    throw TaskError(
        setting ? setting->if_invalid : ExitCode::kConfig,
        fmt::format("{}: {}", setting ? setting->source : "STEAM_TIMEZONE (its default)",
                    error.what()));
  }
}

SourceConfig ReadSourceConfig(const SourceOptions& options, const SourceNeeds& needs, Run& run) {
  SourceConfig config;
  config.topic = options.topic;
  if (!IsTopicName(config.topic)) {
    throw TaskError(ExitCode::kUsage,
                    fmt::format("--topic: '{}' is no name of a topic (1 to 249 letters, digits, "
                                "dots, dashes and underscores)",
                                config.topic));
  }
  ReadSink(options, config);
  config.api_url = ReadApiUrl(options.api_url, run.options.allow_http);
  config.timestamp = "\"" + ReadTimeZone(options.timezone).Format(run.identity.logical_date) + "\"";
  if (needs.key) {
    config.api_key = ReadApiKey(run.log);
    config.call_budget = ReadCallBudgetLimit(options.call_budget);
  }
  if (config.sink == "kafka") config.kafka = ReadKafkaProperties(options.kafka, run.log);
  const bool has_cursor = needs.cursor && (config.sink == "kafka" || config.sink == "none");
  if (has_cursor || config.call_budget >= 0) {
    config.redis = ReadRedisSettings(options.redis_url, options.redis_conn_id);
    run.log.AddSecret(config.redis->password);
  }
  return config;
}

Source::Source(Run& run, const SourceConfig& config)
    : run_(run),
      redis_(config.redis ? std::make_unique<RedisClient>(*config.redis, run.stop) : nullptr),
      budget_(config.call_budget >= 0
                  ? std::make_unique<CallBudget>(*redis_, config.api_key,
                                                 static_cast<std::uint64_t>(config.call_budget))
                  : nullptr),
      fetcher_(run, config.api_key, budget_.get()),
      items_(run.result.source->items) {
  const auto on_delivered = [this](std::uint64_t item, Delivery delivery) {
    items_.Delivered(item, delivery);
  };
  if (config.sink == "kafka") {
    sink_ = MakeKafkaOutput(run, config.kafka, config.topic, on_delivered);
  } else if (config.sink == "none") {
    sink_ = MakeNullOutput(run, config.topic, on_delivered);
  } else {
    sink_ = MakeLineOutput(run, config.topic, config.sink_path, on_delivered);
  }
}

Source::~Source() = default;

// Once the sink has given up there is no use in trying the rest: it counts as failed.
template <typename Message>
void Source::SendAny(const Message& message, std::uint64_t item) {
  items_.Sent(item);
  if (sink_error_) return items_.Delivered(item, Delivery::kFailed);
  try {
    sink_->Write(message, item);
  } catch (const TaskError& error) {
    sink_error_ = error;
    items_.Delivered(item, Delivery::kFailed);
  }
}

void Source::Send(const Record& record, std::uint64_t item) {
  SendAny(record, item);
}
void Source::Send(const DeadLetter& letter, std::uint64_t item) {
  SendAny(letter, item);
}

FetchEnd Source::Fetch(const std::function<std::optional<steamflow::Fetch>()>& next,
                       std::uint64_t total) {
  Progress progress(run_.log, total);
  try {
    return fetcher_.Run(next, [&] {
      sink_->Poll();
      if (sink_error_) throw *sink_error_;
      progress.Show(items_.done(), run_.result.source->retries);
    });
  } catch (const TaskError& error) {
    return {FetchEnd::Reason::kFatal, error};
  }
}

void Source::Drain() {
  try {
    const auto error = sink_->Drain();
    if (error && !sink_error_) sink_error_ = error;
  } catch (const TaskError& error) {
    if (!sink_error_) sink_error_ = error;
  }
  if (!budget_) return;
  budget_->GiveBack();
  if (const auto left = budget_->left()) run_.result.call_budget = {budget_->limit(), *left};
}

void Source::WarnOfRepairs(std::uint64_t repaired) const {
  if (repaired == 0) return;
  run_.log.Warning(
      fmt::format("{} NULs or lone surrogates in strings replaced by U+FFFD", repaired));
}

void Source::ThrowUnlessComplete(const FetchEnd& end,
                                 const std::optional<std::string>& failed) const {
  run_.stop.ThrowIfSignalled();
  if (end.error) throw *end.error;
  if (sink_error_) throw *sink_error_;
  if (failed) throw TaskError(ExitCode::kTransient, *failed);
  if (end.reason == FetchEnd::Reason::kStopped) {
    throw TaskError(ExitCode::kTransient,
                    fmt::format("the deadline of {} s came before the end of the work",
                                run_.options.deadline_seconds));
  }
  if (end.reason == FetchEnd::Reason::kBudgetSpent && run_.result.source->requests == 0) {
    throw TaskError(ExitCode::kSkipped, fmt::format("the call budget of today, {}, is used up "
                                                    "(STEAM_DAILY_CALL_BUDGET)",
                                                    budget_->limit()));
  }
}

}  // namespace steamflow
