#pragma once

#include <string>
#include <vector>

#include "json_document.h"

// JSON Schemas for the parts of a result. They use only keywords that every draft since 4 reads
// alike, so that any validator can be used.
namespace steamflow::schema {

Json Text();
Json Truth();
Json Number();
Json WholeNumber();
Json Count();  // a whole number from 0 up
Json OneOf(const std::vector<std::string>& words);

// A list of any number of these elements.
Json ListOf(Json element);

// An object with any names, whose values are all of this kind.
Json MapOf(Json value);

// An object that has all fields of `fields`, perhaps some of `more`, and no others. Both map names
// to schemas.
Json Object(const Json& fields, const Json& more = Json::object());

// The same, or null. `schema` must have a type.
Json OrNull(Json schema);

}  // namespace steamflow::schema
