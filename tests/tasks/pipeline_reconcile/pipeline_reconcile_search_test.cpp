// pipeline-reconcile with a real Kafka and real search servers of both families, which the real
// sink fills.

#include <algorithm>
#include <cctype>

#include "search_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kUsersTopic[] = "steamusers";

class PipelineReconcileSearch : public ::testing::TestWithParam<const char*> {
 protected:
  // Creates the topic and the topic of dead letters, and uses them.
  void Use(const std::string& brokers, const std::string& topic) {
    brokers_ = brokers;
    topic_ = topic;
    CreateTopic(brokers, kDeadLetters, 3);
    CreateTopic(brokers, topic, 2);
    environment_ = {{"AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", search_.url()},
                    {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + brokers}};
  }
  void Write(const std::vector<NewMessage>& messages) const {
    WriteTopic(brokers_, topic_, messages);
  }
  static NewMessage Event(const std::string& id, const std::string& time = "2026-11-22T22:34:00Z") {
    return {id, R"({"timestamp":")" + time + R"("})", {{"event_id", id}}};
  }
  static NewMessage Player(const std::string& steamid, const std::string& time) {
    return {steamid,
            R"({"steamid":")" + steamid + R"(","timestamp":")" + time + R"("})",
            {{"event_id", steamid + "/" + time}}};
  }
  void Sink() const {
    const Ended run = RunProgram(
        {"kafka-to-elasticsearch", "--topic", topic_, "--index-prefix", search_.prefix()},
        environment_);
    ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  }
  // Runs the task, expects these counts, and returns the error, or an empty text if there is none.
  std::string Expect(int kafka, int held, int missing, int pending = 0, int dead_letters = 0,
                     int expired = 0) const {
    const auto text = [](int count) { return std::to_string(count); };
    const Ended run =
        RunProgram({"pipeline-reconcile", "--topic", topic_, "--index-prefix", search_.prefix(),
                    "--since", "2026-01-01", "--until", "2126-01-01"},
                   environment_);
    EXPECT_EQ(run.exit_code, missing > 0 ? 65 : 0) << run.out << run.err;
    const JsonValue result = run.Result();
    EXPECT_EQ(result.Number("/topics/" + topic_ + "/kafka"), kafka);
    EXPECT_EQ(result.Raw("/topics/" + topic_ + "/elasticsearch"),
              R"({"held":)" + text(held) + R"(,"missing":)" + text(missing) + R"(,"pending":)" +
                  text(pending) + R"(,"dead_letters":)" + text(dead_letters) + R"(,"expired":)" +
                  text(expired) + "}");
    return result.IsNull("/error") ? "" : result.Text("/error/message");
  }
  std::string Index() const {  // the name without the prefix
    std::string name = topic_;
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    return name;
  }
  void Delete(const std::string& path) {
    search_.Ask("DELETE", "/" + search_.prefix() + Index() + path);
  }

  SearchIndices search_{GetParam()};
  std::string brokers_;
  std::string topic_;
  Environment environment_;
};

INSTANTIATE_TEST_SUITE_P(, PipelineReconcileSearch, testing::Values("opensearch", "elasticsearch"),
                         [](const auto& engine) { return std::string(engine.param); });

TEST_P(PipelineReconcileSearch, EveryEventIsADocument) {
  Use(RealBrokers(), UniqueTopic("Searched"));
  Write({Event("a"),
         Event("b/ü\"", "2026-10-22T22:34:00Z"),
         Event("c"),
         Event("c"),
         {"d", "{broken", {{"event_id", "d"}}}});
  Expect(4, 0, 0, 4);
  Sink();
  Expect(4, 3, 0, 0, 1);
  Write({Event("e")});
  EXPECT_EQ(Expect(5, 3, 0, 1, 1), "");
  Delete("-undated/_doc/a");
  EXPECT_EQ(Expect(5, 2, 1, 1, 1), topic_ + ": elasticsearch does not hold 1 of the records: a");
}

TEST_P(PipelineReconcileSearch, MonthsThatWereDroppedAreNoDifference) {
  Use(RealBrokers(), UniqueTopic("searched"));
  Write({Event("x/2024-05-01T00:00Z/1"), Event("x/2026-11-22T22:34Z/2"), Event("undated")});
  Sink();
  Expect(3, 3, 0);
  Delete("-2024.05");
  Expect(3, 2, 0, 0, 0, 1);
  Delete("-2026.11");
  Expect(3, 1, 1, 0, 0, 1);
  Delete("-undated");
  Expect(3, 0, 2, 0, 0, 1);
}

// Uses a Kafka of its own, because the name of the topic is fixed.
TEST_P(PipelineReconcileSearch, PlayersAreAsNewAsTheirRecords) {
  const RealKafka kafka(1);
  Use(kafka.brokers(), kUsersTopic);
  Write({Player("1", "2026-11-22T22:34:00Z"), Player("1", "2026-11-22T22:36:00Z"),
         Player("1", "2026-11-22T22:35:00Z"), Player("2", "2026-11-22T22:34:00Z"),
         Player("3", "2026-11-22T22:34:00Z")});
  Sink();
  Expect(5, 5, 0);
  // One player is deleted by a tombstone, which is a record too, and one by hand.
  Write({{"2", std::nullopt, {{"event_id", "tombstone"}}}});
  Sink();
  Expect(6, 6, 0);
  Delete("-state/_doc/3");
  EXPECT_EQ(Expect(6, 5, 1),
            topic_ + ": elasticsearch does not hold 1 of the records: 3/2026-11-22T22:34:00Z");
  // The store has an older state than the newest record's.
  Delete("-state/_doc/1");
  search_.Ask("PUT",
              "/" + search_.prefix() + Index() + "-state/_doc/1?version_type=external&version=1",
              "{}", 0);
  EXPECT_EQ(Expect(6, 2, 4).find(kUsersTopic), 0u);
}

}  // namespace
}  // namespace steamflow::test
