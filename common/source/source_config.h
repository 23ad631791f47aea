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
  RedisFlags redis;  // of a source that has a cursor or a key

  void AddTo(const Flags& flags);  // what every source has
};

// What a source asks of its surroundings.
struct SourceNeeds {
  bool key = false;     // the API key, and with it the call budget
  bool cursor = false;  // a cursor in Redis
};

// The checked configuration of a source.
struct SourceConfig {
  std::string topic;
  std::string api_url;    // without a slash at its end
  std::string api_key;    // empty where none is needed
  std::string sink;       // kafka, stdout, file or none
  std::string sink_path;  // of a file
  KafkaProperties kafka;
  std::optional<RedisSettings> redis;
  std::optional<std::uint64_t> call_budget;  // calls a day of the key
  TimeZone time_zone;                        // of the records' timestamps

  // This moment, as a JSON string: a record tells when the API answered, in whichever run.
  std::string Timestamp() const { return "\"" + time_zone.Format(Now()) + "\""; }
  bool moves_cursor() const { return sink == "kafka"; }
};

// Reads and checks everything before any network use. Throws TaskError: kUsage for a flag, kConfig
// for a Variable, a Connection or the key.
SourceConfig ReadSourceConfig(const SourceOptions& options, const SourceNeeds& needs, Run& run);

}  // namespace steamflow
