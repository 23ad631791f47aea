#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "json_document.h"

namespace steamflow {

// How many of a topic's event ids a store holds. Only `missing` counts as a difference.
struct StoreComparison {
  std::string name;
  std::uint64_t held = 0;
  std::uint64_t missing = 0;
  std::uint64_t pending = 0;  // not stored yet: at the stored offset or after it
  // Not stored, but the sink has put the record into the topic of dead letters.
  std::uint64_t dead_letters = 0;
  std::uint64_t expired = 0;  // from months that were dropped
  // At most five, so that the error stays short. They are what to search for in the logs.
  std::vector<std::string> named_missing;  // the first missing ids
};

// The result of comparing a topic.
struct TopicComparison {
  std::string topic;
  std::uint64_t acknowledged = 0;  // records acknowledged to all runs together
  std::uint64_t lost = 0;          // how many of these are not in Kafka
  std::uint64_t kafka = 0;         // the event ids in the window
  // Normal after a crash: a source that is run again may send its records twice under the same ids.
  std::uint64_t duplicates = 0;  // further messages with these ids
  // Only the stores that are configured.
  std::vector<StoreComparison> stores;
  std::vector<std::string> differences;  // a sentence each; empty if everything agrees
};

// Formats a comparison as a line: "DIFF  steam_news          kafka: 30, acknowledged: 30, postgres:
// 29 (1 missing)". `has_acknowledged` says whether the acknowledged counts are known. No I/O.
std::string FormatLine(const TopicComparison& topic, bool has_acknowledged);
// Formats a comparison for the result: {"acknowledged":30,"lost":0,"kafka":30,...}.
Json ToJson(const TopicComparison& topic, bool has_acknowledged);
// Returns the schema of that.
Json ComparisonSchema();

}  // namespace steamflow
