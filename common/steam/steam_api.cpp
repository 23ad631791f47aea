#include "steam_api.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "fingerprint.h"
#include "json.h"
#include "parse_number.h"

namespace steamflow::steam_api {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

constexpr int kDeepest = 64;  // levels; the API's responses have six

std::string_view Trim(std::string_view text) {
  const auto last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

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

// The text of an object, which can be visited from its beginning afterwards.
error_code RawJson(ondemand::object& object, std::string_view& json) {
  if (const auto error = object.raw_json().get(json)) return error;
  json = Trim(json);
  return object.reset().error();
}

// The text of any value, all of it checked.
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

// The JSON of a value, and its text: of a string what it says, of null nothing.
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

// A whole number written as JSON number or as string; 0 for anything else, whose value is checked
// all the same.
error_code GetId(ondemand::value value, std::uint64_t& id) {
  std::string_view json;
  if (const auto error = RawJson(value, json)) return error;
  if (json.size() >= 2 && json.front() == '"') json = json.substr(1, json.size() - 2);
  id = ParseNumber<std::uint64_t>(json).value_or(0);
  return simdjson::SUCCESS;
}

bool IsAddedField(std::string_view name) {
  return name == "timestamp" || name == "steam_id";
}

error_code ParsePlayer(ondemand::value value, Players& players) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  Player player;
  if (const auto error = RawJson(object, player.json)) return error;
  bool is_empty = true;
  const auto error = ForEachField(object, [&](std::string_view name, ondemand::value field) {
    is_empty = false;
    player.has_clash = player.has_clash || IsAddedField(name);
    if (name == "steamid") return GetId(field, player.steamid);
    if (name == "communityvisibilitystate") {
      std::uint64_t state = 0;
      const error_code failed = GetId(field, state);
      player.is_public = state == 3;
      return failed;
    }
    return Check(field);
  });
  if (error) return error;
  if (is_empty) {
    ++players.deleted;
  } else {
    players.players.push_back(player);
  }
  return simdjson::SUCCESS;
}

error_code ParseGame(ondemand::value value, RecentGames& games) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  Game game;
  if (const auto error = RawJson(object, game.json)) return error;
  const auto error = ForEachField(object, [&](std::string_view name, ondemand::value field) {
    game.has_clash = game.has_clash || IsAddedField(name);
    return name == "appid" ? GetId(field, game.appid) : Check(field);
  });
  games.games.push_back(game);
  return error;
}

// What a JSON string or number says, if it is letters, digits, - and _ only; else nothing. Ids of
// news become parts of keys and lists.
std::string_view PlainText(std::string_view json) {
  if (json == "null" || json == "true" || json == "false") return {};
  if (json.size() >= 2 && json.front() == '"') json = json.substr(1, json.size() - 2);
  const bool plain = std::all_of(json.begin(), json.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  });
  return plain ? json : std::string_view();
}

// The fields of a news record, in the order in which it has them.
constexpr std::array<std::string_view, 11> kNewsFields = {
    "gid",    "title",    "url",       "contents", "feedlabel", "date",
    "author", "feedname", "feed_type", "appid",    "tags"};
constexpr std::size_t kGid = 0;
constexpr std::size_t kTitle = 1;
constexpr std::size_t kUrl = 2;
constexpr std::size_t kContents = 3;
constexpr std::size_t kDate = 5;

// What the edition is of, with a NUL between: the text of a string, of anything else its JSON.
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
    item.fault = "no object";
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
  } else if (item.date < 0) {
    item.fault = "no date";
  }
  news.items.push_back(std::move(item));
  return simdjson::SUCCESS;
}

// A copy in which all that can be wrong inside of a string, and each line break outside, is a
// harmless character: what is where can be seen in it even so.
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

class Parser::Impl {
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
  static tl::unexpected<std::string> Failed(error_code error) {
    return tl::unexpected(
        fmt::format("a body that is not what the API sends: {}", simdjson::error_message(error)));
  }

  // For valid JSON only: of "12 34" this would make 1234.
  static error_code ToOneLine(std::string& body) {
    std::string line(body.size(), '\0');
    std::size_t length = 0;
    const auto error = simdjson::minify(body.data(), body.size(), line.data(), length);
    line.resize(length);
    body = std::move(line);
    return error;
  }

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

Parser::Parser() : impl_(std::make_unique<Impl>()) {}
Parser::~Parser() = default;

Parser::Parsed<PlayerCount> Parser::ParsePlayerCount(std::string& body) {
  PlayerCount response;
  std::string_view count;
  std::uint64_t result = 0;
  const auto found =
      impl_->ForEachFieldOf(body, "response", [&](std::string_view name, ondemand::value value) {
        if (name == "player_count") return RawJson(value, count);
        return name == "result" ? GetId(value, result) : Check(value);
      });
  if (!found) return tl::unexpected(found.error());
  if (!*found) return tl::unexpected(std::string("a body without a response"));
  if (count.empty() || result != 1) {
    if (result == 0)
      return tl::unexpected(std::string("a response without player_count and result"));
    return response;
  }
  const auto number = ParseNumber<decltype(response.count)>(count);
  if (!number) return tl::unexpected(std::string("a player_count that is no whole number"));
  response.count = *number;
  response.has_count = true;
  return response;
}

Parser::Parsed<Players> Parser::ParsePlayers(std::string& body) {
  Players response;
  bool has_players = false;
  const auto found = impl_->ForEachFieldOf(
      body, "response", [&](std::string_view name, ondemand::value value) -> error_code {
        if (name != "players") return Check(value);
        has_players = true;
        ondemand::array array;
        if (const auto error = value.get_array().get(array)) return error;
        return ForEachElement(
            array, [&](ondemand::value player) { return ParsePlayer(player, response); });
      });
  if (!found) return tl::unexpected(found.error());
  if (!has_players) return tl::unexpected(std::string("a body without players"));
  return response;
}

Parser::Parsed<RecentGames> Parser::ParseRecentGames(std::string& body) {
  RecentGames response;
  std::string_view total_count;
  bool is_empty = true;
  const auto found = impl_->ForEachFieldOf(
      body, "response", [&](std::string_view name, ondemand::value value) -> error_code {
        is_empty = false;
        if (name == "total_count") return RawJson(value, total_count);
        if (name != "games") return Check(value);
        ondemand::array array;
        if (const auto error = value.get_array().get(array)) return error;
        return ForEachElement(array,
                              [&](ondemand::value game) { return ParseGame(game, response); });
      });
  if (!found) return tl::unexpected(found.error());
  if (!*found) return tl::unexpected(std::string("a body without a response"));
  response.withheld = is_empty;
  if (!is_empty && response.games.empty() && total_count != "0") {
    return tl::unexpected(std::string("a response that counts games and has none"));
  }
  return response;
}

Parser::Parsed<News> Parser::ParseNews(std::string& body) {
  News response;
  bool has_items = false;
  const auto found = impl_->ForEachFieldOf(
      body, "appnews", [&](std::string_view name, ondemand::value value) -> error_code {
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

Parser::Parsed<News> Parser::SalvageNews(const std::string& body) {
  std::string copy = Skeleton(body);
  Parsed<News> news = ParseNews(copy);
  if (!news) return news;
  for (NewsItem& item : news->items) {
    const std::string_view original(body.data() + (item.json.data() - copy.data()),
                                    item.json.size());
    std::string alone = R"({"appnews":{"newsitems":[)" + std::string(original) + "]}}";
    if (auto whole = ParseNews(alone)) {
      item = std::move(whole->items.at(0));
    } else {
      item.fault = "what is no text in a string";
    }
    item.json = original;
  }
  return news;
}

std::uint64_t Parser::repaired() const {
  return impl_->repaired();
}

void AppendWithFields(std::string& out, std::string_view object, bool has_clash,
                      const std::vector<Field>& fields) {
  const std::size_t start = out.size();
  if (has_clash) {
    const simdjson::padded_string copy(object);
    ondemand::parser parser;
    ondemand::document document = parser.iterate(copy);
    out += '{';
    for (auto field : document.get_object()) {
      const std::string name(std::string_view(field.unescaped_key()));
      std::string_view json;
      if (RawJson(field.value(), json)) continue;
      const auto added = [&](const Field& f) { return f.name == name; };
      if (std::any_of(fields.begin(), fields.end(), added)) continue;
      if (out.size() > start + 1) out += ',';
      AppendJsonString(out, name);
      out += ':';
      out += json;
    }
  } else {
    out += Trim(object.substr(0, object.size() - 1));  // without its brace
  }
  for (const Field& field : fields) {
    if (out.size() > start + 1) out += ',';
    out += '"';
    out += field.name;
    out += "\":";
    out += field.json;
  }
  out += '}';
}

}  // namespace steamflow::steam_api
