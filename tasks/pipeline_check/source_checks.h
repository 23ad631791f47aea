#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api_probe.h"
#include "check_list.h"
#include "kafka_config.h"
#include "redis_config.h"
#include "steam_settings.h"
#include "timestamp.h"

namespace steamflow {

// The settings of the sources, each as it could be read.
struct SourceSettings {
  // Each comes from the same function that the sources use, so that a check fails exactly when a
  // source would.
  Readable<std::vector<NamedGame>> games;
  Readable<std::vector<std::uint32_t>> news_apps;
  Readable<TimeZone> timezone;
  // Calls per day; nullopt inside means that there is no limit.
  Readable<std::optional<std::uint64_t>> call_budget;
  Readable<std::string> api_url;
  // Only the walks need the key and Redis, but a deployment is expected to run all sources.
  Readable<std::string> api_key;
  Readable<RedisSettings> redis;
  Readable<KafkaProperties> kafka;
};

// The functions below check what sources need. Each returns what it found, as text, and throws the
// TaskError with which a source would end.

// Checks the settings that no other check uses: those that are not an address or a login.
std::string CheckSourceSettings(const SourceSettings& settings);

// Checks the API key by a call, which counts in `budget`. `budget` may be null.
std::string CheckKey(const SourceSettings& settings, ApiProbe& probe, CallBudget* budget);

// Checks that Redis answers, and reads the cursors as the sources do.
std::string CheckRedis(const RedisSettings& settings, const std::vector<std::uint32_t>& news_apps,
                       Run& run);

}  // namespace steamflow
