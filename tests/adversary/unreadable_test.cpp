// A topic or partition that cannot be read does not hold up the others: they are drained first, and
// the end of the run names it.

#include <algorithm>
#include <map>

#include "kafka_changes.h"
#include "postgres_sink_fixture.h"

namespace steamflow::test {
namespace {

class Unreadable : public ::testing::Test {
 protected:
  // Creates a topic with three partitions, some of which are led by this broker.
  static void CreateTopicOf(const std::string& brokers, int broker, const std::string& topic) {
    ASSERT_TRUE(Eventually([&] {
      CreateTopic(brokers, topic, 3);
      for (int partition = 0; partition < 3; ++partition) {
        if (LeaderOf(brokers, topic, partition) == broker) return true;
      }
      DeleteTopic(brokers, topic);
      return false;
    }));
  }
  // Writes one record into each partition that is led by another broker than this one. Returns the
  // partitions that this one leads.
  std::vector<int> WriteWhatIsNotOf(const std::string& brokers, int broker,
                                    const std::string& topic) {
    std::vector<int> left_out;
    for (int partition = 0; partition < 3; ++partition) {
      if (LeaderOf(brokers, topic, partition) == broker) {
        left_out.push_back(partition);
      } else {
        WriteTopic(brokers, topic, {{"k", R"({"n":1})", {}, partition}});
      }
    }
    return left_out;
  }

  // Drains these topics.
  Ended Drain(const std::vector<std::string>& topics) {
    std::vector<std::string> command{kPostgresTask, "--deadline", "40"};
    for (const std::string& topic : topics) command.insert(command.end(), {"--topic", topic});
    return RunProgram(command, environment_);
  }
  void UseKafka(const std::string& connection) {
    environment_ = {{"AIRFLOW_CONN_POSTGRES_DEFAULT", database_.Uri()},
                    {"AIRFLOW_CONN_KAFKA_DEFAULT", connection}};
  }
  std::string RowsOf(const std::string& topic) {
    return database_.Value("SELECT count(*) FROM records WHERE topic = '" + topic + "'");
  }
  static void Has(const Ended& run, const std::string& part) {
    EXPECT_NE(run.Result().Text("/error/message").find(part), std::string::npos) << run.out;
  }

  PostgresDatabase database_;
  test::Environment environment_;
};

TEST_F(Unreadable, ALeaderThatNobodyReaches) {
  const std::string nowhere = "127.0.0.1:1";
  const RealKafka kafka(3);
  const std::string reached = kafka.brokers().substr(0, kafka.brokers().rfind(','));
  UseKafka("kafka://" + reached);
  CreateTopic(reached, kDeadLetters, 1);
  std::map<std::string, std::size_t> rows;
  for (const char* topic : {"a", "b"}) {
    CreateTopicOf(reached, 3, topic);
    rows[topic] = 3 - WriteWhatIsNotOf(reached, 3, topic).size();
  }
  kafka.Move(3, nowhere);
  EXPECT_TRUE(Eventually([&] { return PartitionsOf(reached, "b") == 3; }));
  const Ended run = Drain({"a", "b"});
  EXPECT_EQ(run.exit_code, 75) << run.out << run.err;
  EXPECT_LT(run.seconds, 20) << "readable partitions do not wait";
  Has(run, nowhere + "/3");
  for (const auto& [topic, count] : rows) {
    EXPECT_GT(count, 0u);
    EXPECT_EQ(RowsOf(topic), std::to_string(count));
    Has(run, topic + "/");
    EXPECT_EQ(run.Result().Number("/source/topics/" + topic + "/records"),
              static_cast<std::int64_t>(count));
  }
  // The positions of the other partitions were stored.
  WriteWhatIsNotOf(reached, 3, "a");
  EXPECT_EQ(Drain({"a", "b"}).exit_code, 75);
  EXPECT_EQ(RowsOf("a"), std::to_string(2 * rows["a"]));
}

TEST_F(Unreadable, TheLeaderHasJustDiedAndThenThereIsNone) {
  const RealKafka kafka(3);
  const std::string living = kafka.brokers().substr(0, kafka.brokers().rfind(','));
  UseKafka("kafka://" + living);
  CreateTopic(living, kDeadLetters, 1);
  CreateTopicOf(living, 3, "t");
  const auto dead = WriteWhatIsNotOf(living, 3, "t");
  const int living_ones = 3 - static_cast<int>(dead.size());
  EXPECT_GT(living_ones, 0);
  kafka.Kill(3);
  const Ended at_once = Drain({"t"});
  EXPECT_EQ(at_once.exit_code, 75) << at_once.out << at_once.err;
  EXPECT_EQ(RowsOf("t"), std::to_string(living_ones));
  // The brokers learn of it at different times.
  for (const std::string& broker :
       {living.substr(0, living.find(',')), living.substr(living.find(',') + 1)}) {
    EXPECT_TRUE(Eventually([&] { return PartitionsOf(broker, "t") == living_ones; }));
  }
  for (int partition = 0; partition < 3; ++partition) {
    if (std::count(dead.begin(), dead.end(), partition) == 0) {
      WriteTopic(living, "t", {{"k", R"({"n":2})", {}, partition}});
    }
  }
  const std::string first = "t/" + std::to_string(dead[0]) + " cannot be read: it has no leader";
  EXPECT_TRUE(Eventually(
      [&] {
        const Ended later = Drain({"t"});
        EXPECT_EQ(later.exit_code, 75) << later.out << later.err;
        return later.Result().Text("/error/message").find(first) != std::string::npos;
      },
      std::chrono::seconds(150)))
      << "each run waits while a broker still names the dead leader";
  EXPECT_EQ(RowsOf("t"), std::to_string(2 * living_ones));
}

TEST_F(Unreadable, ATopicWithoutTheRight) {
  const RealKafka kafka(1, {"--logins"});
  UseKafka("kafka://" + kafka.guarded() +
           "?security.protocol=sasl_plaintext&sasl.mechanism=PLAIN&sasl.username=guest"
           "&sasl.password=guest");
  CreateTopic(kafka.brokers(), kDeadLetters, 1);
  for (const char* topic : {"a", "described", "hidden", "z"}) {
    CreateTopic(kafka.brokers(), topic, 2);
    for (int partition : {0, 1}) {
      WriteTopic(kafka.brokers(), topic, {{"k", R"({"n":1})", {}, partition}});
    }
  }
  const auto topic = RD_KAFKA_RESOURCE_TOPIC;
  Allow(kafka.brokers(), topic, kDeadLetters, RD_KAFKA_ACL_OPERATION_WRITE);
  for (const char* name : {"a", "z"}) {
    Allow(kafka.brokers(), topic, name, RD_KAFKA_ACL_OPERATION_READ);
  }
  Allow(kafka.brokers(), topic, "described", RD_KAFKA_ACL_OPERATION_DESCRIBE);
  for (const int rows : {2, 4}) {  // once without stored positions, once with them
    const Ended run = Drain({"a", "described", "hidden", "z"});
    EXPECT_EQ(run.exit_code, 77) << run.out << run.err;
    Has(run, "hidden: Broker: Topic authorization failed");
    Has(run, "reading described: Broker: Topic authorization failed");
    EXPECT_LT(run.seconds, 20);
    for (const std::string drained : {"a", "z"}) {
      EXPECT_EQ(RowsOf(drained), std::to_string(rows));
      for (int partition : {0, 1}) {
        WriteTopic(kafka.brokers(), drained, {{"k", R"({"n":2})", {}, partition}});
      }
    }
    EXPECT_EQ(RowsOf("described"), "0");
    EXPECT_EQ(run.Result().Number("/source/topics/described/lag"), 2);
  }
  // The permission is granted.
  Allow(kafka.brokers(), topic, "hidden", RD_KAFKA_ACL_OPERATION_READ);
  EXPECT_EQ(Drain({"hidden"}).exit_code, 0);
}

TEST_F(Unreadable, ATopicThatIsNotThere) {
  const std::string& brokers = RealBrokers();
  UseKafka("kafka://" + brokers);
  CreateTopic(brokers, kDeadLetters, 3);  // as other tests on these brokers create it
  const std::string there = UniqueTopic("there");
  CreateTopic(brokers, there, 1);
  WriteTopic(brokers, there, {{"k", R"({"n":1})", {}}});
  const Ended run = Drain({"missing", there, "missing-too"});
  EXPECT_EQ(run.exit_code, 78) << run.out << run.err;
  Has(run, "missing: ");
  Has(run, "missing-too: ");
  EXPECT_EQ(RowsOf(there), "1");
}

}  // namespace
}  // namespace steamflow::test
