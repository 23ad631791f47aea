#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "kafka_cluster.h"
#include "program.h"
#include "redis_server.h"
#include "standin_client.h"
#include "steam_standin/accounts.h"

namespace steamflow::test {

inline constexpr char kApiKey[] = "0123456789ABCDEF0123456789ABCDEF";
inline constexpr char kRunId[] = "scheduled__2026-11-22T22:34:00+00:00";
inline constexpr char kMinute[] = "2026-11-22T22:34Z";  // of that run, as event ids have it

// What a task gets from Airflow: the variables and connections below, and a run identity.
Environment TaskEnvironment(const std::string& api_url, const std::string& brokers,
                            const std::string& redis_url);

// A Steam stand-in and a Redis of its own for each test, and the mock Kafka, with an environment
// that points there.
class TaskTest : public ::testing::Test {
 protected:
  explicit TaskTest(const std::vector<std::string>& standin_options = {"--key", kApiKey});

  Ended Run(std::vector<std::string> command, Streams streams = Streams::kSeparate) const {
    return RunProgram(std::move(command), environment_, streams);
  }

  // The stand-in's journal of requests.
  JsonValue Journal();
  std::size_t Requests();  // their number
  std::size_t Requests(const std::string& method);

  std::vector<Message> Topic(const std::string& topic) {
    return ReadTopic(kafka_.brokers(), topic);
  }

  standin::Standin standin_;
  RedisServer redis_;
  MockKafka kafka_;
  Environment environment_;
  const standin::Accounts accounts_;
};

// The event ids of messages, each of which must be there once.
std::set<std::string> EventIds(const std::vector<Message>& messages);

// What steam-recently-played-games delivers for `count` ids from `first` downward.
std::set<std::string> ExpectedGames(const standin::Accounts& accounts, const std::string& topic,
                                    const std::string& pass, std::uint64_t first,
                                    std::uint64_t count);
// What steam-player-summaries delivers.
std::set<std::string> ExpectedPlayers(const standin::Accounts& accounts, const std::string& topic,
                                      const std::string& pass, std::uint64_t first,
                                      std::uint64_t count);

}  // namespace steamflow::test
