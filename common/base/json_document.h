#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace steamflow {

// A JSON document as nlohmann-json's tree, its fields in their order: what operations and servers
// say to each other, and the result of a run. For records and settings there is json.h.
using Json = nlohmann::ordered_json;

// Errors: a sentence that says what is wrong, without the text itself (it may hold a secret). That
// includes a name that stands in an object twice, and more levels than anything has that we ask.
tl::expected<Json, std::string> ParseJson(std::string_view text);

// One line of valid UTF-8: bytes that are none become U+FFFD, and all control characters are
// escaped, those from U+007F to U+009F too.
std::string FormatJson(const Json& json);

// The field of this name; null where there is none, or `json` is no object.
const Json& FieldOf(const Json& json, const char* name);

// Nothing for what is no whole number, or too large.
std::optional<std::int64_t> WholeNumberOf(const Json& json);

// What a string says; of null nothing; of all else its JSON.
std::string TextOf(const Json& json);

// The leaves of a document by their paths: {"a":{"b":[1,"2"]},"c":{}} is {"a.b.0":"1","a.b.1":"2",
// "c":"{}"}. So a number and its text are alike, and {"a.b":1} and {"a":{"b":1}}.
using JsonLeaves = std::map<std::string, std::string>;
JsonLeaves LeavesOf(const Json& json);

// Those of a text; none where it is no JSON, so that nothing is found in it.
JsonLeaves ParseLeaves(std::string_view text);

}  // namespace steamflow
