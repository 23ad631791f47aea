#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kafka_config.h"
#include "redis_config.h"
#include "run.h"
#include "steam_settings.h"
#include "timestamp.h"

namespace steamflow {

class Flags;

// The flags that every source has.
struct SourceOptions {
  std::string topic;
  std::string sink = "kafka";  // kafka, stdout or file:PATH
  bool dry_run = false;
  SteamFlags steam;
  KafkaFlags kafka;
  RedisFlags redis;  // AddTo leaves these out; sources with a cursor or a key add them

  // Adds the flags that every source has.
  void AddTo(const Flags& flags);
};

// What a source needs to be configured.
struct SourceNeeds {
  bool key = false;     // the API key and, with it, the call budget
  bool cursor = false;  // a cursor in Redis
};

// The checked configuration of a source.
struct SourceConfig {
  std::string topic;
  std::string api_url;    // without a slash at its end
  std::string api_key;    // empty if the source needs none
  std::string sink;       // kafka, stdout, file or none
  std::string sink_path;  // set if the sink is a file
  KafkaProperties kafka;  // set if the sink is kafka
  std::optional<RedisSettings> redis;
  std::optional<std::uint64_t> call_budget;  // calls a day with the key; empty = no limit
  TimeZone time_zone;                        // the zone of the records' timestamps

  // Returns the current time as a JSON string. Records use the clock and not the logical date,
  // because they state when the API answered.
  std::string Timestamp() const { return "\"" + time_zone.Format(Now()) + "\""; }
  // Other sinks are for trials, which must not move the position of production.
  bool moves_cursor() const { return sink == "kafka"; }
};

// Reads and checks the whole configuration, without using the network. Throws TaskError: kUsage for
// a flag, kConfig for a Variable, a Connection or the key.
SourceConfig ReadSourceConfig(const SourceOptions& options, const SourceNeeds& needs, Run& run);

}  // namespace steamflow
