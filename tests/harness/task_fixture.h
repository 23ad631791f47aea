#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "kafka_cluster.h"
#include "mock_kafka.h"
#include "program.h"
#include "redis_server.h"
#include "standin_client.h"
#include "steam_standin/accounts.h"

namespace steamflow::test {

inline constexpr char kGamesTask[] = "steam-recently-played-games";
inline constexpr char kPlayersTask[] = "steam-player-summaries";
inline constexpr char kCountsTask[] = "steam-current-players";
inline constexpr char kNewsTask[] = "steam-news";
inline constexpr char kGamesTopic[] = "rct_plyd_games";
inline constexpr char kPlayersTopic[] = "topic_GetUserInfo";
inline constexpr char kDeadLetters[] = "steam_dead_letters";
inline constexpr std::uint64_t kFirstGamesId = 76561197960499900;
inline constexpr std::uint64_t kFirstPlayersId = 76561197960434622;
inline constexpr std::uint64_t kLowestId = 76561197960265729;

inline constexpr char kApiKey[] = "0123456789ABCDEF0123456789ABCDEF";
inline constexpr char kRunId[] = "scheduled__2026-11-22T22:34:00+00:00";
inline constexpr char kMinute[] = "2026-11-22T22:34Z";  // its minute, as event ids contain it

// Returns the current minute, or a later one, as it is written in event ids. A pass that is named
// after it belongs to this month.
std::string MinuteFromNow(int minutes = 0);

// Returns what a task gets from Airflow: the variables and connections below and a run identity.
Environment TaskEnvironment(const std::string& api_url, const std::string& brokers,
                            const std::string& redis_url);

std::string ToText(std::uint64_t number);

// A Steam stand-in and a Redis for each test, the mock Kafka, and an environment that refers to
// them.
class TaskTest : public ::testing::Test {
 protected:
  explicit TaskTest(const std::vector<std::string>& standin_options = {"--key", kApiKey});

  Ended Run(std::vector<std::string> command, Streams streams = Streams::kSeparate) const {
    return RunProgram(std::move(command), environment_, streams);
  }

  // Returns the stand-in's journal of requests.
  JsonValue Journal();
  std::size_t Requests();  // the number of requests
  std::size_t Requests(const std::string& method);

  std::vector<Message> Topic(const std::string& topic) const {
    return ReadTopic(kafka_.brokers(), topic);
  }
  std::uint64_t CallsCounted();  // the call budget's counter for today; 0 if it does not exist
  void Fault(const std::string& json) { standin_.AddFault(json); }

  standin::Standin standin_;
  RedisServer redis_;
  MockKafka kafka_;
  Environment environment_;
  const standin::Accounts accounts_;
};

// Return the event ids of messages. `Once` checks that there are no duplicates.
std::set<std::string> EventIds(const std::vector<Message>& messages);
std::set<std::string> EventIdsOnce(const std::vector<Message>& messages);
// Returns event ids of news without their last part.
std::set<std::string> WithoutEditions(const std::set<std::string>& event_ids);

// Returns whether the timestamp of a record, "2026-11-23T07:34:00+09:00", is within the last five
// minutes.
bool IsOfNow(const std::string& timestamp);

// Returns messages as sorted lines of key, event id and value, separated by tabs. A timestamp
// within the last five minutes becomes "now".
std::string AsTable(const std::vector<Message>& messages);
// Returns a file of such lines from tests/harness/records.
std::string GoldenRecords(const std::string& name);

// Returns the first `count` ids, from `first` downward, whose games are requested because their
// accounts are public.
std::vector<std::uint64_t> PublicIds(const standin::Accounts& accounts, std::uint64_t first,
                                     std::uint64_t count);

// Returns what steam-recently-played-games delivers for `count` ids from `first` downward.
std::set<std::string> ExpectedGames(const standin::Accounts& accounts, const std::string& topic,
                                    const std::string& pass, std::uint64_t first,
                                    std::uint64_t count);
// Returns what steam-player-summaries delivers.
std::set<std::string> ExpectedPlayers(const standin::Accounts& accounts, const std::string& topic,
                                      const std::string& pass, std::uint64_t first,
                                      std::uint64_t count);

}  // namespace steamflow::test
