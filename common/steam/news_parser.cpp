#include "news_parser.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "body_json.h"
#include "fingerprint.h"
#include "json.h"
#include "parse_number.h"

namespace steamflow::steam_api {
namespace {

// Returns the content of a JSON string or number if it has only letters, digits, - and _; an empty
// text otherwise. The ids of news items become parts of Redis fields and event ids, where other
// characters would be ambiguous.
std::string_view PlainText(std::string_view json) {
  if (json == "null" || json == "true" || json == "false") return {};
  if (json.size() >= 2 && json.front() == '"') json = json.substr(1, json.size() - 2);
  const bool plain = std::all_of(json.begin(), json.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  });
  return plain ? json : std::string_view();
}

// The fields of a news record, in their order.
constexpr std::array<std::string_view, 11> kNewsFields = {
    "gid",    "title",    "url",       "contents", "feedlabel", "date",
    "author", "feedname", "feed_type", "appid",    "tags"};
constexpr std::size_t kGid = 0;
constexpr std::size_t kTitle = 1;
constexpr std::size_t kUrl = 2;
constexpr std::size_t kContents = 3;
constexpr std::size_t kDate = 5;

// Returns a hash of title, url, date and contents, with a NUL between them. A string counts with
// its content, anything else with its JSON.
std::string EditionOf(const std::array<std::string, kNewsFields.size()>& texts) {
  std::string all;
  for (const std::size_t field : {kTitle, kUrl, kDate, kContents}) {
    if (field != kTitle) all += '\0';
    all += texts[field];
  }
  return Fingerprint(all);
}

error_code ParseNewsItem(ondemand::value value, News& news) {
  NewsItem item;
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return error;
  if (type != ondemand::json_type::object) {
    item.fault = "not an object";
    const error_code error = RawJson(value, item.json);
    news.items.push_back(std::move(item));
    return error;
  }
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  if (const auto error = RawJson(object, item.json)) return error;
  std::array<std::string_view, kNewsFields.size()> kept;
  std::array<std::string, kNewsFields.size()> texts;
  const auto error = ForEachField(object, [&](std::string_view name, ondemand::value field) {
    const auto at = std::find(kNewsFields.begin(), kNewsFields.end(), name);
    if (at == kNewsFields.end()) return Check(field);
    const auto place = static_cast<std::size_t>(at - kNewsFields.begin());
    return GetText(field, kept[place], texts[place]);
  });
  if (error) return error;
  JsonObject record;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (!kept[i].empty()) record.AddRaw(kNewsFields[i], kept[i]);
  }
  item.record = record.Take();
  item.gid = PlainText(kept[kGid]);
  const auto date = ParseNumber<std::int64_t>(kept[kDate]);
  if (date && *date >= 0) item.date = *date;
  item.edition = EditionOf(texts);
  if (item.gid.empty()) {
    item.fault = "no gid";
  } else if (!item.date) {
    item.fault = "no date";
  }
  news.items.push_back(std::move(item));
  return simdjson::SUCCESS;
}

// Sets `total` to 0 if the value is not a whole number: paging works without it.
error_code GetTotal(ondemand::value value, std::uint64_t& total) {
  std::string_view json;
  if (const auto error = RawJson(value, json)) return error;
  total = ParseNumber<std::uint64_t>(json).value_or(0);
  return simdjson::SUCCESS;
}

// Returns a copy of the body in which a harmless character replaces everything that can be invalid
// inside a string, and a blank replaces each line break outside. All offsets stay the same, so the
// copy shows where each item begins and ends in the original.
std::string Skeleton(std::string body) {
  bool in_string = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const auto c = static_cast<unsigned char>(body[i]);
    if (c == '"') {
      in_string = !in_string;
    } else if (in_string && c == '\\') {
      body[i++] = '?';
      if (i < body.size()) body[i] = '?';
    } else if (in_string && (c < 0x20 || c >= 0x80)) {
      body[i] = '?';
    } else if (c == '\n' || c == '\r') {
      body[i] = ' ';
    }
  }
  return body;
}

}  // namespace

NewsParser::NewsParser() : reader_(std::make_unique<BodyReader>()) {}
NewsParser::~NewsParser() = default;

NewsParser::Parsed NewsParser::Parse(std::string& body) {
  News response;
  bool has_items = false;
  const auto found = reader_->ForEachFieldOf(
      body, "appnews", [&](std::string_view name, ondemand::value value) -> error_code {
        if (name == "count") return GetTotal(value, response.total);
        if (name != "newsitems") return Check(value);
        has_items = true;
        ondemand::array array;
        if (const auto error = value.get_array().get(array)) return error;
        return ForEachElement(array,
                              [&](ondemand::value item) { return ParseNewsItem(item, response); });
      });
  if (!found) return tl::unexpected(found.error());
  if (*found && !has_items) return tl::unexpected(std::string("a body without newsitems"));
  response.is_known = *found;
  return response;
}

NewsParser::Parsed NewsParser::Salvage(const std::string& body) {
  std::string copy = Skeleton(body);
  Parsed news = Parse(copy);
  if (!news) return news;
  for (NewsItem& item : news->items) {
    const std::string_view original(body.data() + (item.json.data() - copy.data()),
                                    item.json.size());
    std::string alone = R"({"appnews":{"newsitems":[)" + std::string(original) + "]}}";
    if (auto whole = Parse(alone)) {
      item = std::move(whole->items.at(0));
    } else {
      item.fault = "invalid text in a string";
    }
    item.json = original;
  }
  return news;
}

std::uint64_t NewsParser::repaired() const {
  return reader_->repaired();
}

}  // namespace steamflow::steam_api
