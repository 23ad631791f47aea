#include "json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace steamflow {
namespace {

// Returns the length of the UTF-8 sequence that starts at `text[i]` (RFC 3629), or 0 if there is no
// valid sequence.
std::size_t Utf8Length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) {
    return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U;
  };
  const auto continues = [&](std::size_t k) { return (byte(k) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) > 0x9F) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

void AppendEscaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

// Returns the value of the four hexadecimal digits at `digits`, or nullopt if there are not four.
std::optional<unsigned> Hex4(const char* digits, const char* end) {
  if (end - digits < 4) return std::nullopt;
  unsigned value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = digits[i];
    value <<= 4U;
    if (c >= '0' && c <= '9') {
      value |= static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value |= static_cast<unsigned>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      value |= static_cast<unsigned>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

JsonField ToField(std::string name, simdjson::dom::element element) {
  using simdjson::dom::element_type;
  using Type = JsonField::Type;
  switch (element.type()) {
    case element_type::STRING:
      return {std::move(name), Type::kString, std::string(element.get_string().value_unsafe())};
    case element_type::BOOL:
      return {std::move(name), Type::kBool, element.get_bool().value_unsafe() ? "true" : "false"};
    case element_type::NULL_VALUE:
      return {std::move(name), Type::kNull, "null"};
    case element_type::OBJECT:
      return {std::move(name), Type::kObject, simdjson::minify(element)};
    case element_type::ARRAY:
      return {std::move(name), Type::kArray, simdjson::minify(element)};
    default:
      return {std::move(name), Type::kNumber, simdjson::minify(element)};
  }
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // start of the part that is not copied yet
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    const std::size_t length = c < 0x80 ? 1 : Utf8Length(text, i);
    // Terminals interpret some of U+0080 to U+009F like escape sequences that begin with ESC [.
    const bool is_control =
        c == 0xC2 && length == 2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (length > 1 && !is_control) {
      i += length;
      continue;
    }
    out.append(text, plain, i - plain);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      AppendEscaped(out, is_control ? text[i + 1] : text[i]);
    }
    i += std::max<std::size_t>(length, 1);
    plain = i;
  }
  out.append(text, plain);
  out += '"';
}

void JsonObject::Name(std::string_view name) {
  if (text_.size() > 1) text_ += ',';
  AppendJsonString(text_, name);
  text_ += ':';
}

JsonObject& JsonObject::Add(std::string_view name, std::string_view value) {
  Name(name);
  AppendJsonString(text_, value);
  return *this;
}

JsonObject& JsonObject::Add(std::string_view name, std::int64_t value) {
  return AddRaw(name, fmt::to_string(value));
}

JsonObject& JsonObject::Add(std::string_view name, std::uint64_t value) {
  return AddRaw(name, fmt::to_string(value));
}

JsonObject& JsonObject::Add(std::string_view name, bool value) {
  return AddRaw(name, value ? "true" : "false");
}

JsonObject& JsonObject::AddRaw(std::string_view name, std::string_view json) {
  Name(name);
  text_ += json;
  return *this;
}

std::string JsonObject::Take() {
  std::string done = std::move(text_) + "}";
  text_ = "{";
  return done;
}

bool IsJsonNumber(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t start = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i > start;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const std::size_t whole = i;
  if (!digits() || (text[whole] == '0' && i > whole + 1)) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

std::size_t RepairEscapes(std::string& json) {
  std::size_t repaired = 0;
  char* at = json.data();
  char* const end = at + json.size();
  const auto replace = [&](char* escape) {
    std::memcpy(escape, "\\ufffd", 6);
    ++repaired;
  };
  while ((at = static_cast<char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at))))) {
    if (end - at < 2) break;
    const auto unit = at[1] == 'u' ? Hex4(at + 2, end) : std::nullopt;
    if (!unit) {
      at += 2;
      continue;
    }
    const bool high = *unit >= 0xD800 && *unit <= 0xDBFF;
    const bool low = *unit >= 0xDC00 && *unit <= 0xDFFF;
    if (high && end - at >= 12 && at[6] == '\\' && at[7] == 'u') {
      const auto next = Hex4(at + 8, end);
      if (next && *next >= 0xDC00 && *next <= 0xDFFF) {
        at += 12;
        continue;
      }
    }
    if (high || low || *unit == 0) replace(at);
    at += 6;
  }
  return repaired;
}

tl::expected<std::vector<JsonField>, std::string> ParseJsonObject(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (const auto error = parser.parse(json.data(), json.size()).get(root)) {
    return tl::unexpected(fmt::format("not valid JSON ({})", simdjson::error_message(error)));
  }
  simdjson::dom::object object;
  if (root.get(object)) return tl::unexpected(std::string("not a JSON object"));
  std::vector<JsonField> fields;
  for (const auto field : object) fields.push_back(ToField(std::string(field.key), field.value));
  return fields;
}

tl::expected<std::vector<JsonField>, std::string> ParseJsonArray(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (const auto error = parser.parse(json.data(), json.size()).get(root)) {
    return tl::unexpected(fmt::format("not valid JSON ({})", simdjson::error_message(error)));
  }
  simdjson::dom::array array;
  if (root.get(array)) return tl::unexpected(std::string("not a JSON array"));
  std::vector<JsonField> fields;
  for (const auto element : array) fields.push_back(ToField("", element));
  return fields;
}

const JsonField* FindField(const std::vector<JsonField>& fields, std::string_view name) {
  const auto last = std::find_if(fields.rbegin(), fields.rend(),
                                 [&](const JsonField& field) { return field.name == name; });
  return last == fields.rend() ? nullptr : &*last;
}

}  // namespace steamflow
