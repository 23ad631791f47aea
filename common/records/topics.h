#pragma once

#include <string>
#include <string_view>
#include <vector>

// The topics: the one place in C++ that names them. tests/project/topics_test.py holds what else
// speaks of them against this.
namespace steamflow {

inline constexpr char kPlayerCountTopic[] = "topic_currPlayer";
inline constexpr char kRecentGameTopic[] = "rct_plyd_games";
inline constexpr char kPlayerTopic[] = "topic_GetUserInfo";
inline constexpr char kWatchedPlayerTopic[] = "steamusers";  // a fixed block of accounts
inline constexpr char kNewsTopic[] = "steam_news";
inline constexpr char kDeadLetterTopic[] = "steam_dead_letters";
inline constexpr char kLoadTestTopic[] = "steam_load_test";

// Those of records, which every sink takes by default.
std::vector<std::string> RecordTopics();

// What a topic's records are about, by the topic's name.
enum class RecordKind {
  kPlayerCount,
  kRecentGame,
  kPlayer,
  kNews,
  kOther,  // any other topic
};
RecordKind KindOf(std::string_view topic);

// Whether records of this kind are state, of which the newest version counts, rather than events.
bool IsState(RecordKind kind);

}  // namespace steamflow
