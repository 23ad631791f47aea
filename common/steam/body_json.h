#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "json.h"

// Reads the JSON in a response body of the Steam Web API and validates all of it. Include this only
// from the .cpp files of the parsers in this folder, because it exposes simdjson. No I/O.
//
// Every view that these functions return points into the body and is valid as long as the body is.
namespace steamflow::steam_api {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

// Returns `text` without the blanks and line breaks at its end.
std::string_view Trim(std::string_view text);

// Visits a value and everything inside it. simdjson's on-demand parser validates only what is
// visited, so even the values that nobody uses have to be visited.
error_code Check(ondemand::value value, int depth = 0);

// Calls `on_field(name, value)` for each field until it returns an error. `on_field` must visit the
// whole value.
template <typename OnField>
error_code ForEachField(ondemand::object object, OnField on_field) {
  for (auto field : object) {
    std::string_view name;
    if (const auto error = field.unescaped_key().get(name)) return error;
    ondemand::value value;
    if (const auto error = field.value().get(value)) return error;
    if (const error_code error = on_field(name, value)) return error;
  }
  return simdjson::SUCCESS;
}

// Calls `on_element(value)` for each element until it returns an error. `on_element` must visit the
// whole value.
template <typename OnElement>
error_code ForEachElement(ondemand::array array, OnElement on_element) {
  for (auto element : array) {
    ondemand::value value;
    if (const auto error = element.get(value)) return error;
    if (const error_code error = on_element(value)) return error;
  }
  return simdjson::SUCCESS;
}

// Gets the JSON text of an object and rewinds the object, so that its fields can be visited next.
// Does not validate the fields.
error_code RawJson(ondemand::object& object, std::string_view& json);

// Gets the JSON text of any value and validates all of it.
error_code RawJson(ondemand::value value, std::string_view& json);

// Gets the JSON text of a value, and the same as plain text: the content of a string, an empty text
// for null, and the JSON itself for anything else.
error_code GetText(ondemand::value value, std::string_view& json, std::string& text);

// Gets a whole number that is written as a JSON number or as a string. Sets `id` to 0 for any other
// valid value; the error is only for invalid JSON.
error_code GetId(ondemand::value value, std::uint64_t& id);

// Reads response bodies. Keeps the parser's buffers between calls, so one reader serves a whole
// run.
class BodyReader {
 public:
  // Parses `body` as an object whose field `name` is an object, and passes each field of that inner
  // object to `on_field`. Returns whether the body has the field `name`, or a sentence if the body
  // is not valid. May change the body: it replaces escapes as RepairEscapes does and joins lines.
  template <typename OnField>
  tl::expected<bool, std::string> ForEachFieldOf(std::string& body, std::string_view name,
                                                 OnField on_field) {
    repaired_ += RepairEscapes(body);
    if (body.find('\n') != std::string::npos || body.find('\r') != std::string::npos) {
      const auto error = ForEachRootField(
          body, [](std::string_view, ondemand::value value) { return Check(value); });
      if (error) return Failed(error);
      if (const auto failed = ToOneLine(body)) return Failed(failed);
    }
    bool found = false;
    const auto error = ForEachRootField(body, [&](std::string_view key, ondemand::value value) {
      if (key != name) return Check(value);
      found = true;
      ondemand::object object;
      if (const auto failed = value.get_object().get(object)) return failed;
      return ForEachField(object, on_field);
    });
    if (error) return Failed(error);
    return found;
  }

  // The number of escapes replaced so far.
  std::uint64_t repaired() const { return repaired_; }

 private:
  static tl::unexpected<std::string> Failed(error_code error);
  // Removes blanks and line breaks between tokens. The body must be valid JSON: this would turn the
  // invalid "12 34" into the valid 1234.
  static error_code ToOneLine(std::string& body);

  // Calls ForEachField on the object that makes up the whole body; anything after it is an error.
  template <typename OnField>
  error_code ForEachRootField(std::string& body, OnField on_field) {
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    ondemand::document document;
    const simdjson::padded_string_view view(body.data(), body.size(), body.capacity());
    if (const auto error = parser_.iterate(view).get(document)) return error;
    ondemand::object root;
    if (const auto error = document.get_object().get(root)) return error;
    if (const auto error = ForEachField(root, on_field)) return error;
    const char* rest = nullptr;
    const bool at_end = document.current_location().get(rest) == simdjson::OUT_OF_BOUNDS;
    return at_end ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
  }

  ondemand::parser parser_;
  std::uint64_t repaired_ = 0;
};

}  // namespace steamflow::steam_api
