#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace steamflow {

// Returns the JSON Schemas of a task's own sections and lists in its result (result.h), by their
// names. It is a function because the schemas are built only on request.
using ResultParts = nlohmann::ordered_json (*)();

nlohmann::ordered_json SourceParts();  // of a source
nlohmann::ordered_json DrainParts();   // of a sink
nlohmann::ordered_json KafkaSchema();  // of the section "kafka"

// Returns the JSON Schema of a task's result. The parts of the task are optional, because a failed
// run may lack some of them.
nlohmann::ordered_json ResultSchema(const std::string& task, ResultParts parts);

}  // namespace steamflow
