#include "json_value.h"

#include <stdexcept>

namespace steamflow::test {

JsonValue::JsonValue(const std::string& text) : text_(text) {
  if (parser_->parse(text_).get(root_) != simdjson::SUCCESS) {
    throw std::runtime_error("not JSON: " + text_);
  }
}

simdjson::dom::element JsonValue::At(const std::string& pointer) const {
  simdjson::dom::element element;
  if (root_.at_pointer(pointer).get(element) != simdjson::SUCCESS) {
    throw std::runtime_error("no " + pointer + " in " + text_);
  }
  return element;
}

std::string JsonValue::Text(const std::string& pointer) const {
  return std::string(std::string_view(At(pointer)));
}

std::int64_t JsonValue::Number(const std::string& pointer) const {
  return std::int64_t(At(pointer));
}

double JsonValue::Real(const std::string& pointer) const {
  return double(At(pointer));
}

bool JsonValue::Bool(const std::string& pointer) const {
  return bool(At(pointer));
}

bool JsonValue::Has(const std::string& pointer) const {
  return root_.at_pointer(pointer).error() == simdjson::SUCCESS;
}

bool JsonValue::IsNull(const std::string& pointer) const {
  return At(pointer).is_null();
}

std::string JsonValue::Raw(const std::string& pointer) const {
  return simdjson::minify(At(pointer));
}

std::vector<std::string> JsonValue::Names(const std::string& pointer) const {
  std::vector<std::string> names;
  for (const auto& field : simdjson::dom::object(At(pointer))) names.emplace_back(field.key);
  return names;
}

std::size_t JsonValue::Size(const std::string& pointer) const {
  return simdjson::dom::array(At(pointer)).size();
}

}  // namespace steamflow::test
