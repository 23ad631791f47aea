#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "stop.h"

namespace steamflow {

// What a run of a source says that Kafka has acknowledged.
struct Acknowledged {
  std::string topic;
  std::string run_id;  // empty = it had none
  std::uint64_t records = 0;
};

// Parses a JSON array, or lines of JSON, of {"topic":"t","run_id":"r","acknowledged":7}. Result
// lines of tasks are taken as they are, and those without Kafka's counts, as null, say nothing.
// Errors: a sentence that names the entry. Pure.
tl::expected<std::vector<Acknowledged>, std::string> ParseAcknowledged(std::string_view text);

// What the file says (- = stdin), or where that is empty the variable STEAMFLOW_ACKNOWLEDGED;
// nothing without either. Throws TaskError: kUsage for the file, kConfig for the variable, also
// where it speaks of another topic than these; kTransient where stdin does not end in time.
std::optional<std::vector<Acknowledged>> ReadAcknowledged(const std::string& file,
                                                          const std::vector<std::string>& topics,
                                                          const Stop& stop);

}  // namespace steamflow
