#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "environment.h"
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

struct SourceResult {
  std::uint64_t requests = 0;  // every HTTP request sent, retries included
  std::uint64_t retries = 0;
  Items items;
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
};

// The result of a run, printed as one line of XCom JSON. A section that was never set is left out.
struct Result {
  std::optional<SourceResult> source;
  std::optional<SinkResult> sink;
  std::vector<CursorResult> cursors;
  // Lists of the operations, name and elements as JSON text, in this order after those above.
  std::vector<std::pair<std::string, std::vector<std::string>>> lists;
  // Other sections, name and JSON text, after those above.
  std::vector<std::pair<std::string, std::string>> sections;
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
