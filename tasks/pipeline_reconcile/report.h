#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "json_document.h"

namespace steamflow {

// What a store holds of a topic's event ids. Of the counts only `missing` is a difference.
struct StoreComparison {
  std::string name;
  std::uint64_t held = 0;
  std::uint64_t missing = 0;
  std::uint64_t pending = 0;  // not before the offset that the store is filled up to
  std::uint64_t dead_letters = 0;
  std::uint64_t expired = 0;               // of months that were dropped
  std::vector<std::string> named_missing;  // the first of them
};

// What was acknowledged of a topic, and what is there.
struct TopicComparison {
  std::string topic;
  std::uint64_t acknowledged = 0;  // by all runs
  std::uint64_t lost = 0;          // of these, not in Kafka
  std::uint64_t kafka = 0;         // event ids of the window
  std::uint64_t duplicates = 0;    // further messages with these ids
  std::vector<StoreComparison> stores;
  std::vector<std::string> differences;  // a sentence each; empty where all agree
};

// "DIFF  steam_news          kafka: 30, acknowledged: 30, postgres: 29 (1 missing)". The pure texts
// of a comparison; `has_acknowledged` = it is known what was.
std::string FormatLine(const TopicComparison& topic, bool has_acknowledged);
// {"acknowledged":30,"lost":0,"kafka":30,...}
Json ToJson(const TopicComparison& topic, bool has_acknowledged);

}  // namespace steamflow
