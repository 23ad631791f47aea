#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace steamflow {

// Returns the JSON Schemas of what a task's result has beside the parts of every result: of its
// sections and lists (result.h), by their names. A function, so that nothing is made where nobody
// asks for it.
using ResultParts = nlohmann::ordered_json (*)();

nlohmann::ordered_json SourceParts();  // of a source
nlohmann::ordered_json DrainParts();   // of a sink
nlohmann::ordered_json KafkaSchema();  // of the section "kafka"

// Returns the JSON Schema of a task's result. A run that failed may have got to some of the parts
// only.
nlohmann::ordered_json ResultSchema(const std::string& task, ResultParts parts);

}  // namespace steamflow
