// A record that both stores refuse has a letter from each store. Whenever replays are killed, each
// replayed place has exactly one more copy of the record. The test uses a real Kafka, PostgreSQL
// and OpenSearch.

#include "killer.h"
#include "postgres_server.h"
#include "search_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

using Place = std::pair<std::int32_t, std::int64_t>;  // in the topic

class KillBothStores : public ::testing::Test {
 protected:
  KillBothStores() {
    CreateTopic(RealBrokers(), kDeadLetters, 3);
    CreateTopic(RealBrokers(), topic_, 2);
    const auto id = [this](const char* end) { return topic_ + "/" + end; };
    // The first value has a number that PostgreSQL refuses and a duplicate field that search
    // servers refuse. No sink takes the second value, and both take the third.
    WriteTopic(RealBrokers(), topic_,
               {{"k", R"({"x":1e999999,"a":1,"a":2})", {{"event_id", id("refused")}}},
                {"k", "{broken", {{"event_id", id("broken")}}},
                {"k", "{}", {{"event_id", id("good")}}}});
  }

  // Runs a sink and returns the remaining lag.
  std::int64_t Sink(const std::vector<std::string>& command) const {
    const Ended run = RunProgram(command, environment_);
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    return run.Result().Number("/source/topics/" + topic_ + "/lag");
  }
  // Runs both sinks until they have come equally far. An open transaction limits how far that is,
  // and it may end between the two runs.
  void Sinks() const {
    EXPECT_TRUE(Eventually([&] {
      return Sink({"kafka-to-postgres", "--topic", topic_}) ==
             Sink(
                 {"kafka-to-elasticsearch", "--topic", topic_, "--index-prefix", search_.prefix()});
    }));
  }
  std::vector<std::string> Replay() const {
    return {"kafka-dead-letters", "--brokers", RealBrokers(), "--source-topic", topic_, "--replay"};
  }
  // Expects that each copy of a refused record has one letter from each store, and that there is
  // one additional copy for each replayed place.
  void ExpectNothingDoubled() const {
    std::map<std::string, std::set<Place>> copies;  // by event id
    for (const Message& record : ReadTopic(RealBrokers(), topic_)) {
      copies[record.headers.at("event_id")].insert({record.partition, record.offset});
    }
    std::map<std::pair<std::string, Place>, std::multiset<std::string>> letters;  // their tasks
    std::map<std::string, std::set<Place>> replayed;
    for (const Message& letter : ReadTopic(RealBrokers(), kDeadLetters)) {
      const auto& headers = letter.headers;
      if (!headers.contains("source_topic") || headers.at("source_topic") != topic_) continue;
      const Place place{std::stoi(headers.at("source_partition")),
                        std::stoll(headers.at("source_offset"))};
      const std::string& event_id = headers.at("event_id");
      if (headers.contains("reason")) {
        letters[{event_id, place}].insert(headers.at("task"));
      } else {
        replayed[event_id].insert(place);
      }
    }
    EXPECT_EQ(copies.at(topic_ + "/good").size(), 1u);
    for (const char* end : {"refused", "broken"}) {
      const std::string event_id = topic_ + "/" + end;
      SCOPED_TRACE(event_id);
      EXPECT_EQ(copies.at(event_id).size(), 1 + replayed[event_id].size());
      for (const Place& place : copies.at(event_id)) {
        EXPECT_EQ((letters[{event_id, place}]),
                  (std::multiset<std::string>{"kafka-to-elasticsearch", "kafka-to-postgres"}))
            << place.first << "/" << place.second;
      }
    }
    EXPECT_EQ(letters.size(),
              copies.at(topic_ + "/refused").size() + copies.at(topic_ + "/broken").size());
  }

  const std::string topic_ = UniqueTopic("both_stores");
  PostgresDatabase database_;
  SearchIndices search_{"opensearch"};
  const Environment environment_{{"AIRFLOW_CONN_POSTGRES_DEFAULT", database_.Uri()},
                                 {"AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", search_.url()},
                                 {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + RealBrokers()}};
};

TEST_F(KillBothStores, AReplayIsOneCopyOfARecordWhateverItsLetters) {
  Sinks();
  ExpectNothingDoubled();
  int rounds = 0;
  ForEveryKill({"sendmsg"}, {}, [&](const Killer& kill) {
    ++rounds;
    const bool survived = !kill(Replay());
    Sinks();
    ExpectNothingDoubled();
    return survived;
  });
  const Ended last = RunProgram(Replay(), {});
  EXPECT_EQ(last.exit_code, 0) << last.out << last.err;
  EXPECT_LE(ReadTopic(RealBrokers(), topic_).size(), 3u + 2u * static_cast<unsigned>(rounds + 1));
  const Ended again = RunProgram(Replay(), {});
  EXPECT_EQ(again.Result().Number("/letters/delivered"), 0) << again.out;
}

}  // namespace
}  // namespace steamflow::test
