#include "json_schema.h"

#include <utility>

namespace steamflow::schema {

Json Text() {
  return {{"type", "string"}};
}

Json Truth() {
  return {{"type", "boolean"}};
}

Json Number() {
  return {{"type", "number"}};
}

Json WholeNumber() {
  return {{"type", "integer"}};
}

Json Count() {
  return {{"type", "integer"}, {"minimum", 0}};
}

Json OneOf(const std::vector<std::string>& words) {
  return {{"type", "string"}, {"enum", words}};
}

Json ListOf(Json element) {
  return {{"type", "array"}, {"items", std::move(element)}};
}

Json MapOf(Json value) {
  return {{"type", "object"}, {"additionalProperties", std::move(value)}};
}

Json Object(const Json& fields, const Json& more) {
  Json properties = fields;
  properties.update(more);
  Json required = Json::array();
  for (const auto& [name, schema] : fields.items()) required.push_back(name);
  Json object{
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) object["required"] = std::move(required);  // draft 4 takes no empty one
  return object;
}

Json OrNull(Json schema) {
  schema["type"] = {schema["type"], "null"};
  return schema;
}

}  // namespace steamflow::schema
