#pragma once

#include <string>
#include <string_view>
#include <vector>

// The topics. No other C++ file repeats their names; tests/project/topics_test.py compares
// everything else that names them with this file.
namespace steamflow {

inline constexpr char kPlayerCountTopic[] = "topic_currPlayer";
inline constexpr char kRecentGameTopic[] = "rct_plyd_games";
inline constexpr char kPlayerTopic[] = "topic_GetUserInfo";
inline constexpr char kWatchedPlayerTopic[] = "steamusers";  // a fixed block of accounts
inline constexpr char kNewsTopic[] = "steam_news";
inline constexpr char kDeadLetterTopic[] = "steam_dead_letters";
inline constexpr char kLoadTestTopic[] = "steam_load_test";

// Returns the topics of records, which every sink reads by default.
std::vector<std::string> RecordTopics();

// The subject of a topic's records, which follows from the topic's name.
enum class RecordKind {
  kPlayerCount,
  kRecentGame,
  kPlayer,
  kNews,
  kOther,  // any other topic
};
RecordKind KindOf(std::string_view topic);

// Returns whether records of this kind are state, of which only the newest version counts, rather
// than events.
bool IsState(RecordKind kind);

}  // namespace steamflow
