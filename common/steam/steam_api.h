#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

// What the methods of the Steam Web API answer about players and games; news_parser.h has the news.
// Pure: no I/O. Source: partner.steamgames.com/doc/webapi and the shapes that the real API answers
// with.
namespace steamflow::steam_api {

class BodyReader;

// A JSON object as the API sent it; what the views show belongs to the body that was parsed.
struct Player {
  std::uint64_t steamid = 0;  // 0 = the object has no usable id
  bool is_public = false;
  bool has_clash = false;  // with a field that records add, see AppendWithFields
  std::string_view json;
};

struct Players {
  std::vector<Player> players;  // in the order of the response, which is not that of the request
  std::size_t deleted = 0;      // empty objects
};

struct Game {
  std::uint64_t appid = 0;  // 0 = the object has no usable id
  bool has_clash = false;
  std::string_view json;
};

struct RecentGames {
  bool withheld = false;  // the profile is private
  std::vector<Game> games;
};

struct PlayerCount {
  bool has_count = false;  // false: an app without a number, or no such app
  std::uint64_t count = 0;
};

// Parses bodies. All of a body is checked, so a broken one yields no part of itself. Errors: a
// sentence. May change the body: escapes that other systems refuse are replaced (see
// RepairEscapes), and a body of several lines becomes one line. Keeps its buffers from call to
// call.
class Parser {
 public:
  Parser();
  ~Parser();

  template <typename T>
  using Parsed = tl::expected<T, std::string>;

  Parsed<PlayerCount> ParsePlayerCount(std::string& body);
  Parsed<Players> ParsePlayers(std::string& body);
  Parsed<RecentGames> ParseRecentGames(std::string& body);

  // Escapes replaced so far.
  std::uint64_t repaired() const;

 private:
  std::unique_ptr<BodyReader> reader_;
};

struct Field {
  std::string_view name;
  std::string_view json;  // the value as JSON text
};

// Appends `object`, a JSON object, with `fields` added at its end. Where it `has_clash`, that is
// has a field timestamp or steam_id itself, fields of the same names as the added ones are left
// out.
void AppendWithFields(std::string& out, std::string_view object, bool has_clash,
                      const std::vector<Field>& fields);

}  // namespace steamflow::steam_api
