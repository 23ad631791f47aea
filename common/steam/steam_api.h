#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

// Parses what the Steam Web API answers about players and games; news_parser.h parses news. No I/O.
// Source: partner.steamgames.com/doc/webapi, and the responses that the real API gives.
namespace steamflow::steam_api {

class BodyReader;

// A player as the API sent it. The views here and in Game point into the body that was parsed.
struct Player {
  std::uint64_t steamid = 0;  // 0 = the object has no usable id
  bool is_public = false;
  bool has_clash = false;  // has a field that records add, see AppendWithFields
  std::string_view json;
};

struct Players {
  std::vector<Player> players;  // in the order of the response, which differs from the request's
  std::size_t deleted = 0;  // the number of empty objects: the API sends {} for a deleted account
};

// A game in an account's list of recently played games.
struct Game {
  std::uint64_t appid = 0;  // 0 = the object has no usable id
  bool has_clash = false;
  std::string_view json;
};

// The response of GetRecentlyPlayedGames. The API answers for a private profile without any fields.
struct RecentGames {
  bool withheld = false;  // the profile is private
  std::vector<Game> games;
};

// The response of GetNumberOfCurrentPlayers.
struct PlayerCount {
  bool has_count = false;  // false if the app has no number, or does not exist
  std::uint64_t count = 0;
};

// Parses bodies. It validates the whole body, so a broken body never yields a part of its data.
// Errors are sentences. It may change the body: it replaces escapes that other systems refuse (see
// RepairEscapes) and joins the lines of a body that has several. Keeps its buffers between calls.
class Parser {
 public:
  Parser();
  ~Parser();

  template <typename T>
  using Parsed = tl::expected<T, std::string>;

  // One function for each API method. The body must be a complete response.
  Parsed<PlayerCount> ParsePlayerCount(std::string& body);
  Parsed<Players> ParsePlayers(std::string& body);
  Parsed<RecentGames> ParseRecentGames(std::string& body);

  // The number of escapes replaced so far.
  std::uint64_t repaired() const;

 private:
  std::unique_ptr<BodyReader> reader_;
};

// A field that a task adds to an object of the API.
struct Field {
  std::string_view name;
  std::string_view json;  // the value as JSON text
};

// Appends `object`, a JSON object, to `out`, with `fields` added at its end. `has_clash` says that
// the object has a field `timestamp` or `steam_id` of its own; then every field of the object that
// has the name of an added one is left out, so that no name appears twice.
void AppendWithFields(std::string& out, std::string_view object, bool has_clash,
                      const std::vector<Field>& fields);

}  // namespace steamflow::steam_api
