#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "stop.h"

namespace steamflow {

// How many records Kafka has acknowledged, as a run of a source reported it.
struct Acknowledged {
  std::string topic;
  std::string run_id;  // empty if the run had none
  // For a sharded run, each shard reports its own count. Entries with the same run id are added up.
  std::uint64_t records = 0;
};

// Parses a JSON array, or lines of JSON, of {"topic":"t","run_id":"r","acknowledged":7}. An entry
// may also be the result line of a task. Entries that are null, and results without counts of
// Kafka, are ignored. Errors are sentences that name the entry. No I/O.
tl::expected<std::vector<Acknowledged>, std::string> ParseAcknowledged(std::string_view text);

// Reads the counts from `file` (- is stdin), or if that is empty from the environment variable
// STEAMFLOW_ACKNOWLEDGED. Returns nullopt if there is neither. Throws TaskError: kUsage for the
// file and kConfig for the variable, if it is malformed or names a topic that is not in `topics`;
// kTransient if stdin does not end in time.
std::optional<std::vector<Acknowledged>> ReadAcknowledged(const std::string& file,
                                                          const std::vector<std::string>& topics,
                                                          const Stop& stop);

}  // namespace steamflow
