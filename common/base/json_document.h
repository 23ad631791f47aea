#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace steamflow {

// A JSON document as a tree that keeps the order of its fields. Operations use it for the requests
// and responses of servers, and every task for the result of its run. Records and settings are
// handled by json.h.
using Json = nlohmann::ordered_json;

// Parses a JSON document. Duplicate names within an object are an error, and so are more than 256
// levels of nesting. The error is a phrase that says what is wrong; it does not quote the text,
// which may contain a secret.
tl::expected<Json, std::string> ParseJson(std::string_view text);

// Returns the document as one line of valid UTF-8. Invalid bytes become U+FFFD, and all control
// characters are escaped, including U+007F to U+009F.
std::string FormatJson(const Json& json);

// Returns the field with this name, or a null value if there is none or `json` is not an object.
const Json& FieldOf(const Json& json, const char* name);

// Returns a whole number, or nullopt if `json` is anything else or does not fit into 64 bits.
std::optional<std::int64_t> WholeNumberOf(const Json& json);

// Returns the text of a string, an empty string for null, and the JSON of any other value.
std::string TextOf(const Json& json);

// The leaves of a document by their paths: {"a":{"b":[1,"2"]},"c":{}} becomes {"a.b.0":"1",
// "a.b.1":"2","c":"{}"}. In this form a number equals its text and {"a":{"b":1}} equals {"a.b":1}:
// servers return either, whatever was sent to them.
using JsonLeaves = std::map<std::string, std::string>;

// Returns the leaves of a parsed document.
JsonLeaves LeavesOf(const Json& json);

// Parses a text and returns its leaves, or none if it is not valid JSON.
JsonLeaves ParseLeaves(std::string_view text);

}  // namespace steamflow
