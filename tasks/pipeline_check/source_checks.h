#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api_probe.h"
#include "check_list.h"
#include "kafka_config.h"
#include "redis_config.h"
#include "steam_settings.h"
#include "timestamp.h"

namespace steamflow {

// What the sources are configured with.
struct SourceSettings {
  Readable<std::vector<NamedGame>> games;
  Readable<std::vector<std::uint32_t>> news_apps;
  Readable<TimeZone> timezone;
  Readable<std::int64_t> call_budget;
  Readable<std::string> api_url;
  Readable<std::string> api_key;
  Readable<RedisSettings> redis;
  Readable<KafkaProperties> kafka;
};

// Checks of what sources need. Each returns what it found, and throws TaskError as a source would
// end.

// Those settings that say where nothing is.
std::string CheckSourceSettings(const SourceSettings& settings);

// Costs a call of the budget, which may be null.
std::string CheckKey(const SourceSettings& settings, ApiProbe& probe, CallBudget* budget);

// Reads the cursors as the sources do.
std::string CheckRedis(const RedisSettings& settings, const std::vector<std::uint32_t>& news_apps,
                       Run& run);

}  // namespace steamflow
