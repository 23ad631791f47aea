#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

// JSON as text, for what every record passes, and for settings, one level at a time. Not by the
// tree of json_document.h: a value has to stay the text that it was, large numbers too, and a name
// that is a duplicate has to show. Writing by that tree takes eight times as long for the line
// of a record (4.3 us, not 0.5) and three times for a text of 5 KB.
namespace steamflow {

// Appends `text` as a JSON string (RFC 8259), quotes included. Control characters, those from
// U+0080 to U+009F too, are escaped and bytes that are not UTF-8 become U+FFFD, so what comes out
// is always valid.
void AppendJsonString(std::string& out, std::string_view text);

// A JSON object built field by field, in the order of the calls.
class JsonObject {
 public:
  JsonObject& Add(std::string_view name, std::string_view value);
  JsonObject& Add(std::string_view name, const char* value) {
    return Add(name, std::string_view(value));
  }
  JsonObject& Add(std::string_view name, std::int64_t value);
  JsonObject& Add(std::string_view name, std::uint64_t value);
  JsonObject& Add(std::string_view name, int value) {
    return Add(name, static_cast<std::int64_t>(value));
  }
  JsonObject& Add(std::string_view name, bool value);
  // `json` is taken as it is: a nested object, an array, null.
  JsonObject& AddRaw(std::string_view name, std::string_view json);
  // The finished object; the builder is empty afterwards.
  std::string Take();

 private:
  void Name(std::string_view name);
  std::string text_ = "{";
};

// RFC 8259, section 6. simdjson refuses numbers that no machine type holds; JSON does not.
bool IsJsonNumber(std::string_view text);

// Replaces in place every escape that PostgreSQL and many parsers refuse, \u0000 and a lone
// surrogate, by \ufffd, and returns how many there were. `json` may be any text: only a backslash
// followed by u and four hexadecimal digits is looked at.
std::size_t RepairEscapes(std::string& json);

// One level of a JSON object: names and values, a string value unescaped, any other value as its
// JSON text. A nested object or array is its JSON text too. Keeps the order of the document.
struct JsonField {
  enum class Type { kString, kNumber, kBool, kNull, kObject, kArray };
  std::string name;
  Type type;
  std::string value;
};
// Errors: a sentence that says what is wrong, without the text itself (it may hold a secret).
tl::expected<std::vector<JsonField>, std::string> ParseJsonObject(std::string_view json);
tl::expected<std::vector<JsonField>, std::string> ParseJsonArray(std::string_view json);

// The field of this name: the last one, as in Python's dict. Null where there is none.
const JsonField* FindField(const std::vector<JsonField>& fields, std::string_view name);

}  // namespace steamflow
