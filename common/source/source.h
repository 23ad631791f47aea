#pragma once

#include <memory>
#include <optional>
#include <string>

#include "call_budget.h"
#include "fetcher.h"
#include "item_tracker.h"
#include "kafka_config.h"
#include "record_output.h"
#include "redis_client.h"
#include "run.h"

namespace steamflow {

class Flags;

// The flags that every source has.
struct SourceOptions {
  std::string topic;
  std::string sink = "kafka";  // kafka, stdout or file:PATH
  bool dry_run = false;
  std::string api_url;
  std::string timezone;
  std::string call_budget;  // as text: it may come from a Variable
  KafkaFlags kafka;
  std::string redis_url;
  std::string redis_conn_id = "redis_default";

  void AddTo(const Flags& flags);  // what every source has, AddApiTo included
  void AddApiTo(const Flags& flags);
  void AddRedisTo(const Flags& flags);
  void AddKeyTo(const Flags& flags);
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
  std::string timestamp;  // of the logical date in the configured zone, as a JSON string
  std::string sink;       // kafka, stdout, file or none
  std::string sink_path;  // of a file
  KafkaProperties kafka;
  std::optional<RedisSettings> redis;
  std::int64_t call_budget = -1;  // calls a day, -1 = no limit
  bool moves_cursor() const { return sink == "kafka"; }
};

// Reads and checks everything before any network use. Throws TaskError: kUsage for a flag, kConfig
// for a Variable, a Connection or the key.
SourceConfig ReadSourceConfig(const SourceOptions& options, const SourceNeeds& needs, Run& run);

// The API key: AIRFLOW_VAR_STEAM_API_KEY, else the file that STEAM_API_KEY_FILE (a Variable or a
// plain variable) names. Made known to `log` as a secret. Throws TaskError (kConfig).
std::string ReadApiKey(Log& log);

// AIRFLOW_VAR_STEAM_API_URL or its flag. Throws TaskError where it is no http(s) address, or plain
// http to another machine.
std::string ReadApiUrl(const std::string& flag_value, bool allow_http);

// AIRFLOW_VAR_STEAM_TIMEZONE or its flag. Throws TaskError where there is no such zone.
TimeZone ReadTimeZone(const std::string& flag_value);

// The parts that a running source is made of. A task adds what to ask for and what to make of the
// responses.
class Source {
 public:
  // Begins to connect the sink.
  Source(Run& run, const SourceConfig& config);
  ~Source();

  RedisClient* redis() { return redis_.get(); }  // null where none is configured
  ItemTracker& items() { return items_; }

  // Hands on a record or dead letter of the item. A sink that fails ends the run, through Fetch and
  // ThrowUnlessComplete, not here: what went before is still to be accounted for.
  void Send(const Record& record, std::uint64_t item);
  void Send(const DeadLetter& letter, std::uint64_t item);

  // Fetcher::Run, serving the sink and the progress line meanwhile. `total` = the items of the run.
  FetchEnd Fetch(const std::function<std::optional<steamflow::Fetch>()>& next, std::uint64_t total);

  // Waits for every acknowledgement and gives back the unused part of the call budget.
  void Drain();

  // Says how many escapes the parser has replaced, if any.
  void WarnOfRepairs(std::uint64_t repaired) const;

  // Throws what the run has to end with, after its cursor has moved: a signal, the error that ended
  // the requests, records that did not arrive, calls that failed, the deadline, or a skip where the
  // call budget allowed no call at all. `failed` is the last call that failed, if any.
  void ThrowUnlessComplete(const FetchEnd& end, const std::optional<std::string>& failed) const;

 private:
  template <typename Message>
  void SendAny(const Message& message, std::uint64_t item);

  Run& run_;
  std::unique_ptr<RedisClient> redis_;
  std::unique_ptr<CallBudget> budget_;
  Fetcher fetcher_;  // makes the result's source section, which items_ counts in
  ItemTracker items_;
  std::unique_ptr<RecordOutput> sink_;
  std::optional<TaskError> sink_error_;
};

}  // namespace steamflow
