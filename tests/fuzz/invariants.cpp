#include "invariants.h"

#include <simdjson.h>

#include <stdexcept>
#include <string>

#include "airflow_connection.h"
#include "bulk_response.h"
#include "consumed_record.h"
#include "json.h"
#include "messages.h"
#include "news_parser.h"
#include "record_fields.h"
#include "steam_api.h"
#include "steam_settings.h"
#include "task_error.h"
#include "timestamp.h"
#include "topic_spec.h"
#include "trace_context.h"

namespace steamflow::fuzz {
namespace {

using simdjson::error_code;

void Require(bool holds, const std::string& what) {
  if (!holds) throw std::logic_error(what);
}

// Returns the verdict of the DOM parser, which checks a whole document.
error_code DomError(const std::string& json) {
  static simdjson::dom::parser parser;
  return parser.parse(json).error();
}

// JSON has numbers that no machine type can represent. The DOM parser rejects them, and the tested
// parsers do not, so it cannot judge a document that contains such a number. Newer versions have a
// separate error for integers.
bool IsAboutNumbers(error_code error) {
  const std::string_view message = simdjson::error_message(error);
  return error == simdjson::NUMBER_ERROR || message.find("64") != std::string_view::npos;
}

void RequireOneLineOfJson(const std::string& json) {
  const error_code error = DomError(json);
  Require(!error || IsAboutNumbers(error), "not JSON: " + json);
  for (const char c : json) {
    Require(static_cast<unsigned char>(c) >= 0x20 || c == '\t', "a control character in " + json);
  }
}

void RequireRecord(std::string_view json, bool has_clash) {
  std::string record;
  steam_api::AppendWithFields(record, json, has_clash,
                              {{"steam_id", R"("7")"}, {"timestamp", R"("T")"}});
  RequireOneLineOfJson(record);
  const std::string_view end = R"("steam_id":"7","timestamp":"T"})";
  Require(record.size() >= end.size() && record.substr(record.size() - end.size()) == end,
          "no added fields in " + record);
}

// Parses the bytes with `parse`, a member of a parser. Passes the response, if there is one, to
// `check`.
template <typename Parser, typename Response, typename CheckResponse>
void CheckBody(std::string_view bytes, Response (Parser::*parse)(std::string&),
               CheckResponse check) {
  static Parser parser;
  std::string repaired(bytes);
  RepairEscapes(repaired);
  const error_code dom_error = DomError(repaired);
  std::string body(bytes);
  const auto response = (parser.*parse)(body);
  if (!response) {
    Require(!response.error().empty(), "the error is empty");
    return;
  }
  Require(!dom_error || IsAboutNumbers(dom_error), "accepted, although it is not JSON");
  check(*response);
}

void RequireNewsItem(const steam_api::NewsItem& item) {
  Require(item.date.value_or(0) >= 0, "a date before 1970");
  Require(item.gid.find_first_of(",/ \"\\") == std::string::npos, "a gid that breaks a list");
  if (item.is_broken()) return;
  RequireRecord(item.record, false);
  Require(!item.gid.empty() && item.date && item.edition.size() == 12, "an incomplete item");
}

}  // namespace

void CheckPlayers(std::string_view bytes) {
  CheckBody(bytes, &steam_api::Parser::ParsePlayers, [](const steam_api::Players& response) {
    for (const auto& player : response.players) RequireRecord(player.json, player.has_clash);
  });
}

void CheckRecentGames(std::string_view bytes) {
  CheckBody(bytes, &steam_api::Parser::ParseRecentGames,
            [](const steam_api::RecentGames& response) {
              Require(!response.withheld || response.games.empty(), "games of a withheld profile");
              for (const auto& game : response.games) RequireRecord(game.json, game.has_clash);
            });
}

void CheckNews(std::string_view bytes) {
  CheckBody(bytes, &steam_api::NewsParser::Parse, [](const steam_api::News& response) {
    for (const auto& item : response.items) {
      RequireNewsItem(item);
      RequireOneLineOfJson(std::string(item.json));
    }
  });
  static steam_api::NewsParser parser;
  const std::string body(bytes);
  const auto salvaged = parser.Salvage(body);
  if (!salvaged) return;
  for (const auto& item : salvaged->items) {
    RequireNewsItem(item);
    Require(item.json.data() >= body.data() &&
                item.json.data() + item.json.size() <= body.data() + body.size(),
            "an item that is not part of the body");
  }
}

void CheckPlayerCount(std::string_view bytes) {
  CheckBody(bytes, &steam_api::Parser::ParsePlayerCount,
            [](const steam_api::PlayerCount& response) {
              Require(response.has_count || response.count == 0, "a count without has_count");
            });
}

void CheckConnection(std::string_view bytes) {
  const auto connection = ParseConnection(bytes);
  if (!connection) return Require(connection.error().size() < 200, "an error that quotes the text");
  Require(!connection->port || (*connection->port >= 0 && *connection->port <= 65535),
          "an invalid port");
  for (const std::string& secret : Secrets(*connection)) Require(!secret.empty(), "empty secret");
}

void CheckInstant(std::string_view bytes) {
  std::string_view rest;
  const auto start = ParseInstant(bytes, &rest);
  const auto whole = ParseInstant(bytes);
  Require(whole.has_value() == (start && rest.empty()), "whole and start differ");
  if (!start) return;
  Require(bytes.substr(bytes.size() - rest.size()) == rest, "the rest is not the end of the text");
  // An offset can lead to a year without four digits.
  const std::string utc = FormatUtc(*start);
  if (utc.size() == std::string_view("2026-11-22T22:34:00Z").size() && utc[0] != '-') {
    Require(ParseInstant(utc) == start, "not the inverse of formatting: " + utc);
  }
}

void CheckJsonText(std::string_view bytes) {
  std::string quoted;
  AppendJsonString(quoted, bytes);
  RequireOneLineOfJson(quoted);
  Require(quoted.find('\t') == std::string::npos, "a tab in a string");

  std::string text(bytes);
  const error_code before = DomError(text);
  const std::size_t repaired = RepairEscapes(text);
  Require(text.size() == bytes.size(), "the length has changed");
  Require((text == bytes) == (repaired == 0), "the count is wrong");
  Require(RepairEscapes(text) == 0, "an escape was not repaired");
  if (!before) Require(!DomError(text), "a document was broken");
}

void CheckSteamGames(std::string_view bytes) {
  if (bytes.empty()) return;  // the default
  try {
    for (const NamedGame& game : ReadGames(std::string(bytes))) {
      Require(game.appid > 0, "an appid of 0");
      Require(simdjson::validate_utf8(game.name), "a name that is not UTF-8");
    }
  } catch (const TaskError& error) {
    Require(error.code() == ExitCode::kUsage, "the exit code is not that of an invalid flag");
  }
}

void CheckTopics(std::string_view bytes) {
  const auto topics = ParseTopics(bytes);
  if (!topics) {
    Require(!topics.error().empty(), "the error is empty");
    return;
  }
  const error_code dom_error = DomError(std::string(bytes));
  Require(!dom_error || IsAboutNumbers(dom_error), "accepted, although it is not JSON");
  for (const TopicSpec& topic : *topics) {
    Require(IsTopicName(topic.name), "an invalid topic name");
    Require(topic.partitions > 0 && topic.replication > 0, "a topic without partitions");
  }
}

void CheckConsumedRecord(std::string_view bytes) {
  static ConsumedRecordParser parser;
  const error_code dom_error = DomError(std::string(bytes));
  for (const char* topic :
       {"topic_currPlayer", "rct_plyd_games", "topic_GetUserInfo", "steam_news", "any"}) {
    const ConsumedMessage message{
        .topic = topic, .timestamp_ms = 1'700'000'000'000, .value = bytes};
    const auto record = parser.Parse(message);
    if (!record) {
      Require(!record.error().empty(), "the refusal has no reason");
      const bool is_about_form = record.error().substr(0, 8) == "not JSON";
      Require(!is_about_form || dom_error || bytes.empty(), "rejected, although it is JSON");
      continue;
    }
    Require(!dom_error || IsAboutNumbers(dom_error), "accepted, although it is not JSON");
    Require(record->message.value == bytes, "the value has changed");
    Require(record->message.event_id == std::string(topic) + "/2023-11-14T22:13:20.000Z/0/0",
            "the event id is wrong");
    Require((record->kind == RecordKind::kPlayer) == !record->state_id.empty(),
            "the state id is wrong");
    const auto year = FormatUtc(record->event_time).substr(0, 2);
    Require(year == "20", "a time outside of the century");
    const auto fields = FieldsOf(record->kind);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const FieldValue& field = record->fields[i];
      Require(!record->has_fields || !fields[i].is_required || !field.is_null,
              "a field is missing");
      Require(field.text.find('\0') == std::string_view::npos, "a NUL in a text");
      Require(simdjson::validate_utf8(field.text), "a text that is not UTF-8");
    }
  }
}

void CheckBulkResponse(std::string_view bytes) {
  static BulkResponseParser parser;
  for (const std::size_t number : {0U, 1U, 2U, 3U}) {
    const auto items = parser.Parse(bytes, number);
    Require(items || !items.error().empty(), "the reason is missing");
    if (!items) continue;
    Require(items->size() == number, "the number of items is wrong");
    Require(!DomError(std::string(bytes)), "items of text that is not JSON");
    for (const BulkItem& item : *items) {
      const bool is_fine =
          item.fate == BulkItem::Fate::kStored || item.fate == BulkItem::Fate::kDuplicate;
      Require(item.reason.empty() == is_fine, "an item has a wrong reason");
    }
  }
}

void CheckSupervisorFrames(std::string_view bytes) {
  airflow::FrameReader reader;
  reader.Add(bytes);
  for (;;) {
    auto next = reader.Next();
    if (!next) return Require(next.error().size() < 200, "an error that quotes the data");
    if (!*next) return;
    // A request that was parsed can be parsed again after it has been formatted.
    const auto frame = airflow::FormatRequest((*next)->id, (*next)->body);
    airflow::FrameReader again;
    again.Add(frame.value());
    const auto same = again.Next();
    Require(same && *same && (*same)->id == (*next)->id, "the id has changed");
    Require(airflow::FormatRequest((*same)->id, (*same)->body) == frame, "the body has changed");
    if (const auto task = airflow::ParseStartupDetails((*next)->body)) {
      const auto handed_on = airflow::ParseStartupDetails(airflow::FormatStartupDetails(*task));
      Require(handed_on && *handed_on == *task, "the details have changed");
    } else {
      Require(!task.error().empty(), "the reason is missing");
    }
    if (const auto reply = airflow::AnswerParseRequest((*next)->body, {{"dag", {"task"}}})) {
      Require(airflow::FormatRequest(1, *reply).has_value(), "an answer that cannot be sent");
    }
    const auto answer = airflow::ParseResponse(*std::move(*next));
    Require(answer || !answer.error().message.empty(), "a refusal without a reason");
  }
}

void CheckTraceparent(std::string_view bytes) {
  if (!IsTraceparent(bytes)) return;
  Require(bytes.size() == 55 || (bytes.size() > 55 && bytes.substr(0, 2) != "00"), "its size");
  for (const char c : bytes) Require(c > ' ' && c < 127, "more than plain text");
  Require(!IsTraceparent(bytes.substr(0, 54)), "a part of it too");
}

}  // namespace steamflow::fuzz
