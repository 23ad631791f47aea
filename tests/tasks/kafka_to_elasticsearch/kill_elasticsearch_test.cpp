// I4 and I8 for kafka-to-elasticsearch: SIGKILL at every write and wait, and at random moments,
// each followed by a clean run. Each event id is in the search server once, and none is missing.

#include "killer.h"
#include "mock_kafka.h"
#include "search_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

// The system calls for requests and responses of the search server and Kafka, and for the result.
const std::vector<std::string> kCalls{"sendto", "recvfrom", "sendmsg", "write"};

TEST(KillElasticsearch, StoresEachRecordOnce) {
  SearchIndices search("opensearch");
  MockKafka kafka;
  const Environment environment{{"AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", search.url()},
                                {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + kafka.brokers()}};
  const std::vector<std::string> command{
      "kafka-to-elasticsearch", "--index-prefix", search.prefix(), "--topic",
      "topic_currPlayer",       "--topic",        kPlayersTopic};
  int rounds = 0;
  // Writes records of each kind: one of them is poison, one a duplicate, and one the server
  // refuses.
  const auto write_some = [&] {
    const std::string n = std::to_string(++rounds);
    const auto with_id = [&](const std::string& start, const std::string& value) {
      return NewMessage{n, value, {{"event_id", start + "/" + n}}};
    };
    const std::string time = R"("timestamp":"2026-11-22T22:34:00Z"})";
    const auto count = with_id("count", R"({"player_count":1,)" + time);
    WriteTopic(kafka.brokers(), "topic_currPlayer",
               {count, count, with_id("poison", "x"), with_id("refused", R"({"a":1,"a":2})")});
    WriteTopic(kafka.brokers(), kPlayersTopic,
               {with_id("player", R"({"steamid":")" + n + "\"," + time)});
  };
  const auto expect_each_once = [&] {
    ASSERT_EQ(RunProgram(command, environment).exit_code, 0);
    EXPECT_EQ(search.Count("topic_currplayer"), rounds);
    EXPECT_EQ(search.Count("topic_getuserinfo"), rounds);
  };
  write_some();
  expect_each_once();
  ForEveryKill(kCalls, environment, [&](const Killer& kill) {
    write_some();
    const bool was_killed = kill(command);
    expect_each_once();
    return !was_killed;
  });
  // Each round has its dead letters, perhaps more than once.
  std::set<std::string> letters;
  for (const Message& letter : ReadTopic(kafka.brokers(), kDeadLetters)) letters.insert(letter.key);
  EXPECT_EQ(letters.size(), static_cast<std::size_t>(2 * rounds));
}

}  // namespace
}  // namespace steamflow::test
