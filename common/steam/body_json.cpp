#include "body_json.h"

#include <fmt/format.h>

#include "parse_number.h"

namespace steamflow::steam_api {
namespace {

constexpr int kDeepest = 64;  // levels of nesting; the API's responses have six

}  // namespace

std::string_view Trim(std::string_view text) {
  const auto last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

error_code Check(ondemand::value value, int depth) {
  if (depth > kDeepest) return simdjson::DEPTH_ERROR;
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return error;
  switch (type) {
    case ondemand::json_type::object: {
      ondemand::object object;
      if (const auto error = value.get_object().get(object)) return error;
      return ForEachField(
          object, [&](std::string_view, ondemand::value field) { return Check(field, depth + 1); });
    }
    case ondemand::json_type::array: {
      ondemand::array array;
      if (const auto error = value.get_array().get(array)) return error;
      return ForEachElement(array,
                            [&](ondemand::value element) { return Check(element, depth + 1); });
    }
    case ondemand::json_type::string:
      return value.get_string().error();
    case ondemand::json_type::number:
      return IsJsonNumber(Trim(value.raw_json_token())) ? simdjson::SUCCESS
                                                        : simdjson::NUMBER_ERROR;
    case ondemand::json_type::boolean:
      return value.get_bool().error();
    default:
      break;
  }
  bool is_null = false;
  if (const auto error = value.is_null().get(is_null)) return error;
  return is_null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
}

error_code RawJson(ondemand::object& object, std::string_view& json) {
  if (const auto error = object.raw_json().get(json)) return error;
  json = Trim(json);
  return object.reset().error();
}

error_code RawJson(ondemand::value value, std::string_view& json) {
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return error;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (const auto error = value.get_object().get(object)) return error;
    if (const auto error = RawJson(object, json)) return error;
    return ForEachField(object, [](std::string_view, ondemand::value v) { return Check(v, 1); });
  }
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (const auto error = value.get_array().get(array)) return error;
    if (const auto error = array.raw_json().get(json)) return error;
    json = Trim(json);
    if (const auto error = array.reset().error()) return error;
    return ForEachElement(array, [](ondemand::value v) { return Check(v, 1); });
  }
  json = Trim(value.raw_json_token());
  return Check(value);
}

error_code GetText(ondemand::value value, std::string_view& json, std::string& text) {
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return error;
  if (type == ondemand::json_type::string) {
    json = Trim(value.raw_json_token());
    std::string_view unescaped;
    if (const auto error = value.get_string().get(unescaped)) return error;
    text = unescaped;
    return simdjson::SUCCESS;
  }
  const error_code error = RawJson(value, json);
  text = json == "null" ? "" : json;
  return error;
}

error_code GetId(ondemand::value value, std::uint64_t& id) {
  std::string_view json;
  if (const auto error = RawJson(value, json)) return error;
  if (json.size() >= 2 && json.front() == '"') json = json.substr(1, json.size() - 2);
  id = ParseNumber<std::uint64_t>(json).value_or(0);
  return simdjson::SUCCESS;
}

tl::unexpected<std::string> BodyReader::Failed(error_code error) {
  return tl::unexpected(
      fmt::format("a body that is not what the API sends: {}", simdjson::error_message(error)));
}

error_code BodyReader::ToOneLine(std::string& body) {
  std::string line(body.size(), '\0');
  std::size_t length = 0;
  const auto error = simdjson::minify(body.data(), body.size(), line.data(), length);
  line.resize(length);
  body = std::move(line);
  return error;
}

}  // namespace steamflow::steam_api
