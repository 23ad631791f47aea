#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>  // most that see a result put nothing into these lists
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "duration_histogram.h"
#include "run_identity.h"
#include "task_error.h"

namespace steamflow {

// What became of the ids, apps or games that a source was asked for; they add up to their number.
struct Items {
  std::uint64_t ok = 0;        // at least one record
  std::uint64_t empty = 0;     // it exists and has nothing
  std::uint64_t withheld = 0;  // private
  std::uint64_t absent = 0;    // unknown, deleted, or an app without a number
  std::uint64_t rejected = 0;  // dead-lettered
};

// What became of HTTP requests. What was under way when the run ended is in none of them.
struct RequestOutcomes {
  std::uint64_t ok = 0;
  std::uint64_t rate_limited = 0;   // 429
  std::uint64_t server_error = 0;   // 408, 5xx
  std::uint64_t refused = 0;        // any other status
  std::uint64_t bad_body = 0;       // not what the API sends, or too large
  std::uint64_t network_error = 0;  // no response
};

struct SourceResult {
  std::uint64_t requests = 0;  // every HTTP request sent, retries included
  std::uint64_t retries = 0;
  Items items;
  RequestOutcomes outcomes;             // this and what follows is for the metrics only
  DurationHistogram request_durations;  // of those that ended, however
};

// The calls of a day that the API key may make, all tasks together, and how many of them were left
// at the end of the run. For the metrics only.
struct CallBudgetResult {
  std::uint64_t limit = 0;
  std::uint64_t left = 0;
};

// Where the records went. `type` is kafka, stdout, file or none.
struct SinkResult {
  std::string type;
  std::string topic;
  std::uint64_t records = 0;       // handed over, dead letters not counted
  std::uint64_t acknowledged = 0;  // of them
  std::uint64_t bytes = 0;         // of their values
  std::uint64_t dead_letters = 0;
};

struct CursorResult {
  std::string key;
  std::optional<std::string> from;
  std::string to;
  bool advanced = false;
  std::uint64_t position = 0;  // what `to` comes to as a number, for the metrics only
};

// What a sink took from Kafka and put into its store.
struct DrainResult {
  struct Topic {
    std::string name;
    std::uint64_t records = 0;
    std::uint64_t partitions = 0;
    std::uint64_t lag = 0;  // records that were there at the start and are not stored
  };
  std::vector<Topic> topics;
  std::string store;  // postgres or elasticsearch
  std::uint64_t inserted = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t dead_letters = 0;
  DurationHistogram batch_durations;  // for the metrics only

  std::uint64_t records() const { return inserted + duplicates + dead_letters; }
};

// The result of a run, printed as one line of XCom JSON. A section that was never set is left out.
struct Result {
  std::optional<SourceResult> source;
  std::optional<SinkResult> sink;
  std::vector<CursorResult> cursors;
  std::optional<DrainResult> drain;  // of a sink, in place of those above
  std::optional<CallBudgetResult> call_budget;
  // How long a server asks to be left alone, past the end of this run; 0 = nothing was asked. For
  // Airflow's next try only.
  std::chrono::seconds retry_after{0};
  // Lists of the operations, name and elements (Json of json_document.h), in this order after those
  // above.
  std::vector<std::pair<std::string, std::vector<nlohmann::ordered_json>>> lists;
  // Other sections, after those above.
  std::vector<std::pair<std::string, nlohmann::ordered_json>> sections;
};

struct ResultHead {
  std::string task;
  RunIdentity run;
  ExitCode exit_code = ExitCode::kSuccess;
  std::string error;  // empty = none
  double elapsed_seconds = 0;
};

// One line without its newline, valid UTF-8, at most 48 KiB: Airflow keeps an XCom in its database.
// A long error is cut, and so are lists that do not fit (`cursors_omitted` says how many elements).
std::string FormatResult(const ResultHead& head, const Result& result);

}  // namespace steamflow
