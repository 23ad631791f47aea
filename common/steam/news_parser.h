#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

// What the Steam Web API answers about the news of an app: items, their editions, and what is whole
// of a body that is broken. Pure: no I/O.
namespace steamflow::steam_api {

class BodyReader;

struct NewsItem {
  std::string gid;                   // empty = none
  std::optional<std::int64_t> date;  // epoch seconds
  std::string edition;    // changes with title, url, date or contents: 12 hexadecimal digits
  std::string_view json;  // the item as delivered
  std::string record;     // a JSON object of those fields that a record keeps
  std::string fault;      // why no record can be made of it; empty = one can

  bool is_broken() const { return !fault.empty(); }
};

struct News {
  bool is_known = false;    // false: no such app
  std::uint64_t total = 0;  // items that the app has in all, as the API counts them; 0 = not said
  std::vector<NewsItem> items;
};

// Parses bodies as Parser does: all of a body is checked, and it may be changed. What `json` shows
// belongs to the body. Errors: a sentence.
class NewsParser {
 public:
  NewsParser();
  ~NewsParser();

  using Parsed = tl::expected<News, std::string>;

  // An item that is no object, or has no gid or date, is a broken one.
  Parsed Parse(std::string& body);
  // Of a body that Parse refuses: an item that is wrong inside its strings, by bytes that are
  // not UTF-8, control characters or escapes, is a broken one, and the others are whole. An error
  // where something else is wrong, as with a body that was cut.
  Parsed Salvage(const std::string& body);

  // Escapes replaced so far.
  std::uint64_t repaired() const;

 private:
  std::unique_ptr<BodyReader> reader_;
};

}  // namespace steamflow::steam_api
