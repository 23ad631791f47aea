#pragma once

#include <string_view>

// What must hold for any bytes. Each function throws std::logic_error if it does not hold. The fuzz
// targets call these functions, and so does the test that mutates their corpus.
namespace steamflow::fuzz {

void CheckPlayers(std::string_view bytes);
void CheckRecentGames(std::string_view bytes);
void CheckNews(std::string_view bytes);
void CheckPlayerCount(std::string_view bytes);

// The bytes are an Airflow Connection.
void CheckConnection(std::string_view bytes);

// The bytes are a date.
void CheckInstant(std::string_view bytes);

// The bytes are JSON whose escapes are repaired, or any text that becomes a JSON string.
void CheckJsonText(std::string_view bytes);

// The bytes are the Variable STEAM_GAMES.
void CheckSteamGames(std::string_view bytes);

// The bytes are the file of topics.
void CheckTopics(std::string_view bytes);

// The bytes are the value of a Kafka message as a sink sees it, in a topic of each kind.
void CheckConsumedRecord(std::string_view bytes);

// The bytes come from Airflow's supervisor.
void CheckSupervisorFrames(std::string_view bytes);

// The bytes are a trace context.
void CheckTraceparent(std::string_view bytes);

// The bytes are a response of Elasticsearch to _bulk.
void CheckBulkResponse(std::string_view bytes);

}  // namespace steamflow::fuzz
