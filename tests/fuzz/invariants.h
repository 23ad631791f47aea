#pragma once

#include <string_view>

// What must hold whatever the bytes are. Each function throws std::logic_error where it does not.
// The fuzz targets call them, and so does the test that mutates their corpus.
namespace steamflow::fuzz {

void CheckPlayers(std::string_view bytes);
void CheckRecentGames(std::string_view bytes);
void CheckNews(std::string_view bytes);
void CheckPlayerCount(std::string_view bytes);

// An Airflow Connection.
void CheckConnection(std::string_view bytes);

// A date.
void CheckInstant(std::string_view bytes);

// Repairing escapes, and any bytes as a JSON string.
void CheckJsonText(std::string_view bytes);

// The Variable STEAM_GAMES.
void CheckSteamGames(std::string_view bytes);

// The file of topics.
void CheckTopics(std::string_view bytes);

// A Kafka message as a sink sees it: the bytes are its value in a topic of each kind.
void CheckConsumedRecord(std::string_view bytes);

// What Airflow's supervisor sends.
void CheckSupervisorFrames(std::string_view bytes);

// A trace context.
void CheckTraceparent(std::string_view bytes);

// A response of Elasticsearch to _bulk.
void CheckBulkResponse(std::string_view bytes);

}  // namespace steamflow::fuzz
