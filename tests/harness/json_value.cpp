#include "json_value.h"

#include <simdjson.h>

#include <stdexcept>

namespace steamflow::test {

struct JsonValue::Document {
  explicit Document(const std::string& text) {
    if (parser.parse(text).get(root) != simdjson::SUCCESS) {
      throw std::runtime_error("not JSON: " + text);
    }
  }
  simdjson::dom::element At(const std::string& pointer) const {
    simdjson::dom::element element;
    if (root.at_pointer(pointer).get(element) != simdjson::SUCCESS) {
      throw std::runtime_error("there is no " + pointer + " in " + simdjson::minify(root));
    }
    return element;
  }

  simdjson::dom::parser parser;
  simdjson::dom::element root;
};

JsonValue::JsonValue(const std::string& text)
    : text_(text), document_(std::make_shared<Document>(text)) {}

std::string JsonValue::Text(const std::string& pointer) const {
  return std::string(std::string_view(document_->At(pointer)));
}

std::int64_t JsonValue::Number(const std::string& pointer) const {
  return std::int64_t(document_->At(pointer));
}

double JsonValue::Real(const std::string& pointer) const {
  return double(document_->At(pointer));
}

bool JsonValue::Bool(const std::string& pointer) const {
  return bool(document_->At(pointer));
}

bool JsonValue::Has(const std::string& pointer) const {
  return document_->root.at_pointer(pointer).error() == simdjson::SUCCESS;
}

bool JsonValue::IsNull(const std::string& pointer) const {
  return document_->At(pointer).is_null();
}

std::string JsonValue::Raw(const std::string& pointer) const {
  return simdjson::minify(document_->At(pointer));
}

std::vector<std::string> JsonValue::Names(const std::string& pointer) const {
  std::vector<std::string> names;
  for (const auto& field : simdjson::dom::object(document_->At(pointer)))
    names.emplace_back(field.key);
  return names;
}

std::size_t JsonValue::Size(const std::string& pointer) const {
  return simdjson::dom::array(document_->At(pointer)).size();
}

}  // namespace steamflow::test
