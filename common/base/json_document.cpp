#include "json_document.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "parse_number.h"

namespace steamflow {
namespace {

constexpr int kDeepest = 256;  // levels of nesting: functions that walk a tree recurse

void AddLeaves(const std::string& path, const Json& json, JsonLeaves& leaves) {
  if (!json.is_structured() || json.empty()) {
    leaves[path] = json.is_null() ? "null" : TextOf(json);
    return;
  }
  const std::string start = path.empty() ? "" : path + ".";
  for (const auto& [name, value] : json.items()) AddLeaves(start + name, value, leaves);
}

// An object that is being parsed.
struct OpenObject {
  std::set<std::string> names;
  std::string last;  // the name that was read last
};

// Returns the path of the names that were read last: "a.b" at the end of {"a":[{"b":
std::string PathOf(const std::vector<OpenObject>& open) {
  std::string path;
  for (const OpenObject& object : open) path += (path.empty() ? "" : ".") + object.last;
  return path;
}

}  // namespace

tl::expected<Json, std::string> ParseJson(std::string_view text) {
  // The library takes a NUL for the end of the text, and would ignore what follows it. No JSON text
  // contains one.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    return tl::unexpected(fmt::format("not valid JSON (at byte {})", nul + 1));
  }
  std::string wrong;
  std::vector<OpenObject> open;
  const auto look = [&](int depth, Json::parse_event_t event, const Json& value) {
    using Event = Json::parse_event_t;
    if (!wrong.empty()) return false;
    if (event == Event::object_start) open.emplace_back();
    if (event == Event::object_end) open.pop_back();
    if (event == Event::key) {
      open.back().last = TextOf(value);
      const bool is_new = open.back().names.insert(open.back().last).second;
      if (!is_new) wrong = fmt::format("duplicate field '{}'", PathOf(open));
    }
    if (depth > kDeepest) wrong = "nested too deeply";
    return wrong.empty();
  };
  try {
    Json json = Json::parse(text, look);
    if (wrong.empty()) return json;
  } catch (const Json::parse_error& error) {  // its what() quotes the text
    return tl::unexpected(fmt::format("not valid JSON (at byte {})", error.byte));
  } catch (const Json::out_of_range&) {
    return tl::unexpected(std::string("not valid JSON (a number that is too large)"));
  }
  return tl::unexpected(std::move(wrong));
}

std::string FormatJson(const Json& json) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  // Terminals interpret some of U+0080 to U+009F like escape sequences that begin with ESC [. These
  // characters can only be inside strings.
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto at = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
    if (at(i) == 0x7F) {
      line += "\\u007f";
    } else if (at(i) == 0xC2 && at(i + 1) < 0xA0) {
      line += fmt::format("\\u{:04x}", at(++i));
    } else {
      line += text[i];
    }
  }
  return line;
}

const Json& FieldOf(const Json& json, const char* name) {
  static const Json kNone;
  if (!json.is_object()) return kNone;
  const auto found = json.find(name);
  return found == json.end() ? kNone : *found;
}

std::optional<std::int64_t> WholeNumberOf(const Json& json) {
  if (!json.is_number_integer()) return std::nullopt;
  return ParseNumber<std::int64_t>(json.dump());
}

std::string TextOf(const Json& json) {
  if (json.is_null()) return "";
  const auto* const text = json.get_ptr<const std::string*>();
  return text ? *text : FormatJson(json);
}

JsonLeaves LeavesOf(const Json& json) {
  JsonLeaves leaves;
  AddLeaves("", json, leaves);
  return leaves;
}

JsonLeaves ParseLeaves(std::string_view text) {
  const auto json = ParseJson(text);
  return json ? LeavesOf(*json) : JsonLeaves();
}

}  // namespace steamflow
