#pragma once

#include <chrono>
#include <cstdint>
// The forward declaration is enough for most includers, which do not use the lists of JSON.
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "duration_histogram.h"
#include "run_identity.h"
#include "task_error.h"

namespace steamflow {

// Outcomes of the ids, apps or games that a source asked for. The five counts add up to the number
// of items asked for.
struct Items {
  std::uint64_t ok = 0;        // at least one record
  std::uint64_t empty = 0;     // exists, but has nothing to deliver
  std::uint64_t withheld = 0;  // private
  std::uint64_t absent = 0;    // unknown, deleted, or an app without a number
  std::uint64_t rejected = 0;  // dead-lettered
};

// Outcomes of HTTP requests. Requests that were in flight when the run ended are not counted.
struct RequestOutcomes {
  std::uint64_t ok = 0;
  std::uint64_t rate_limited = 0;   // 429
  std::uint64_t server_error = 0;   // 408, 5xx
  std::uint64_t refused = 0;        // any other status
  std::uint64_t bad_body = 0;       // not what the API sends, or too large
  std::uint64_t network_error = 0;  // no response
};

// What a source asked the API and got from it.
struct SourceResult {
  std::uint64_t requests = 0;  // every HTTP request sent, retries included
  std::uint64_t retries = 0;
  Items items;
  // Only the metrics use the members from here on.
  RequestOutcomes outcomes;
  DurationHistogram request_durations;  // of all requests that ended, with any outcome
};

// The daily call budget of the API key, which all tasks share, and how many calls of it were left
// at the end of the run. Only the metrics use it.
struct CallBudgetResult {
  std::uint64_t limit = 0;
  std::uint64_t left = 0;
};

// Where the records of a source went. `type` is kafka, stdout, file or none.
struct SinkResult {
  std::string type;
  std::string topic;
  std::uint64_t records = 0;       // sent, without dead letters
  std::uint64_t acknowledged = 0;  // records that Kafka acknowledged
  std::uint64_t bytes = 0;         // of the records' values
  std::uint64_t dead_letters = 0;
};

// A position that the run has read and perhaps moved. `from` is the value before the run, nullopt
// if there was none.
struct CursorResult {
  std::string key;
  std::optional<std::string> from;
  std::string to;
  bool advanced = false;
  std::uint64_t position = 0;  // `to` as a number; only the metrics use it
};

// What a sink read from Kafka and wrote to its store.
struct DrainResult {
  struct Topic {
    std::string name;
    std::uint64_t records = 0;
    std::uint64_t partitions = 0;
    // Records that were in the topic at the start of the run and are not stored yet.
    std::uint64_t lag = 0;
  };
  std::vector<Topic> topics;
  std::string store;  // postgres or elasticsearch
  // The three counts add up to the records of all topics; see records().
  std::uint64_t inserted = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t dead_letters = 0;
  DurationHistogram batch_durations;  // only the metrics use it

  std::uint64_t records() const { return inserted + duplicates + dead_letters; }
};

// The result of a run, printed as one line of XCom JSON. Sections that are not set are left out.
struct Result {
  std::optional<SourceResult> source;
  std::optional<SinkResult> sink;
  std::vector<CursorResult> cursors;
  std::optional<DrainResult> drain;  // of a sink, instead of the sections above
  std::optional<CallBudgetResult> call_budget;
  // How long a server asks not to be called, beyond the end of this run; 0 if none does. Only for
  // Airflow's next attempt.
  std::chrono::seconds retry_after{0};
  // Lists of an operation by their names, in the order of the line. They follow the sections above.
  // The elements have the type Json of json_document.h.
  std::vector<std::pair<std::string, std::vector<nlohmann::ordered_json>>> lists;
  // Further sections by their names. They follow the lists.
  std::vector<std::pair<std::string, nlohmann::ordered_json>> sections;
};

// The part of the result line that is known for every run, whatever its task.
struct ResultHead {
  // The name of the program, such as "steam-news".
  std::string task;
  RunIdentity run;
  ExitCode exit_code = ExitCode::kSuccess;
  std::string error;  // empty if the run succeeded
  double elapsed_seconds = 0;
};

// Returns the result as one line of valid UTF-8, without a newline. It has at most 48 KiB because
// Airflow keeps XComs in its database: a long error is cut, a list is cut (`cursors_omitted` says
// how many elements are missing), and a section that does not fit is null.
std::string FormatResult(const ResultHead& head, const Result& result);

}  // namespace steamflow
