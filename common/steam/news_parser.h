#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

// Parses what the Steam Web API answers about the news of an app, and saves the intact items of a
// body that is broken. No I/O.
namespace steamflow::steam_api {

class BodyReader;

// An item of a feed, as far as a record and the window need it.
struct NewsItem {
  std::string gid;                   // the item's id; empty if it has none that can be used
  std::optional<std::int64_t> date;  // epoch seconds
  std::string edition;    // a hash of title, url, date and contents: 12 hexadecimal digits
  std::string_view json;  // the item as the API sent it
  std::string record;     // a JSON object with the fields that a record keeps
  std::string fault;      // why the item cannot become a record; empty if it can

  bool is_broken() const { return !fault.empty(); }
};

// The response of GetNewsForApp.
struct News {
  bool is_known = false;    // whether the app exists
  std::uint64_t total = 0;  // how many items the app has, as the API counts them; 0 = unknown
  std::vector<NewsItem> items;
};

// Parses bodies as Parser does: validates the whole body, and may change it. NewsItem::json points
// into the body. Errors are sentences.
class NewsParser {
 public:
  NewsParser();
  ~NewsParser();

  using Parsed = tl::expected<News, std::string>;

  // An item that is not an object, or has no gid or date, gets a `fault`. The other items are not
  // affected.
  Parsed Parse(std::string& body);
  // Saves the intact items of a body that Parse refuses. An item whose strings hold invalid UTF-8,
  // control characters or invalid escapes gets a `fault`; the others are parsed as usual. Returns
  // an error if anything else is wrong with the body, for example if it was cut off.
  Parsed Salvage(const std::string& body);

  // The number of escapes replaced so far.
  std::uint64_t repaired() const;

 private:
  std::unique_ptr<BodyReader> reader_;
};

}  // namespace steamflow::steam_api
