#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "json.h"

// The JSON of a body of the Steam Web API, read so that all of it is checked. For the .cpp files of
// the parsers in this folder alone: it shows them simdjson. Pure: no I/O.
namespace steamflow::steam_api {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

// Without the spaces and line breaks at its end.
std::string_view Trim(std::string_view text);

// The on-demand parser checks only what is visited, so every value is.
error_code Check(ondemand::value value, int depth = 0);

// Calls `on_field(name, value)` for each field; it must visit all of the value.
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

template <typename OnElement>
error_code ForEachElement(ondemand::array array, OnElement on_element) {
  for (auto element : array) {
    ondemand::value value;
    if (const auto error = element.get(value)) return error;
    if (const error_code error = on_element(value)) return error;
  }
  return simdjson::SUCCESS;
}

// The text of an object, which can be visited from its beginning afterwards.
error_code RawJson(ondemand::object& object, std::string_view& json);

// The text of any value, all of it checked.
error_code RawJson(ondemand::value value, std::string_view& json);

// The JSON of a value, and its text: of a string what it says, of null nothing.
error_code GetText(ondemand::value value, std::string_view& json, std::string& text);

// A whole number written as JSON number or as string; 0 for anything else, whose value is checked
// all the same.
error_code GetId(ondemand::value value, std::uint64_t& id);

// Reads bodies, and keeps its buffers from one to the next.
class BodyReader {
 public:
  // Parses `body` as an object whose field `name` is an object, and hands each field of that to
  // `on_field`. `found` says whether the body has the field.
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

  std::uint64_t repaired() const { return repaired_; }

 private:
  static tl::unexpected<std::string> Failed(error_code error);
  // For valid JSON only: of "12 34" this would make 1234.
  static error_code ToOneLine(std::string& body);

  // ForEachField of the object that all of the body is.
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
