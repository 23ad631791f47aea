// The beginning and the end of a run of the sink, with a real Kafka: gaps, topics that are created
// again, partitions that are added later, transactions. Memory and deletions are tested here too,
// because they also need a real Kafka.

#include "kafka_changes.h"
#include "postgres_sink_fixture.h"

namespace steamflow::test {
namespace {

class SinkPositions : public PostgresSinkTest {
 protected:
  SinkPositions() {
    environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://" + RealBrokers();
    CreateTopic(RealBrokers(), kDeadLetters);
    CreateTopic(RealBrokers(), topic_, 2);
  }
  void WriteRecords(int count, int partition) {
    std::vector<NewMessage> messages;
    for (int i = 0; i < count; ++i) messages.push_back({"k", "{}", {}, partition});
    WriteTopic(RealBrokers(), topic_, messages);
  }
  std::string Offsets() {
    return Value(R"(SELECT string_agg("offset"::text, ',' ORDER BY partition) FROM sink_offsets
                    WHERE topic = ')" +
                 topic_ + "'");
  }
  std::vector<std::string> Flags(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> flags{"--topic", topic_};
    flags.insert(flags.end(), more.begin(), more.end());
    return flags;
  }

  const std::string topic_ = UniqueTopic("sink_positions");
};

TEST_F(SinkPositions, UnknownTopicIsConfiguration) {
  const std::string missing = UniqueTopic("missing");
  EXPECT_NE(Fail(78, {"--topic", missing}).find(missing), std::string::npos);
}

TEST_F(SinkPositions, PartitionsAddedLaterAreRead) {
  WriteRecords(3, 0);
  EXPECT_EQ(Sink(Drain(Flags())), Counts(3, 0, 0));
  EXPECT_EQ(Offsets(), "3,0");
  AddPartitions(RealBrokers(), topic_, 3);
  WriteRecords(4, 2);
  EXPECT_EQ(Sink(Drain(Flags())), Counts(4, 0, 0));
  EXPECT_EQ(Offsets(), "3,0,4");
}

TEST_F(SinkPositions, ManyBatchesOfSeveralPartitions) {
  const std::string other = UniqueTopic("other");
  CreateTopic(RealBrokers(), other, 3);
  for (const std::string& topic : {topic_, other}) {
    std::vector<NewMessage> messages;
    for (int i = 0; i < 15'000; ++i) messages.push_back({std::to_string(i), "{}", {}});
    WriteTopic(RealBrokers(), topic, messages);
  }
  const JsonValue result = Drain(Flags({"--topic", other, "--deadline", "60"}));
  EXPECT_EQ(Sink(result), Counts(30'000, 0, 0));
  for (const std::string& topic : {topic_, other}) {
    EXPECT_EQ(result.Number("/source/topics/" + topic + "/lag"), 0);
  }
}

TEST_F(SinkPositions, RecordsDeletedUnreadAreAGap) {
  const std::string other = UniqueTopic("other");
  CreateTopic(RealBrokers(), other, 1);
  WriteRecords(5, 0);
  WriteRecords(5, 1);
  Drain(Flags());
  WriteRecords(10, 0);
  WriteRecords(1, 1);
  WriteTopic(RealBrokers(), other, {{"k", "{}", {}}});
  DeleteRecords(RealBrokers(), topic_, 0, 8);
  const Ended run = Run(Flags({"--topic", other}));
  EXPECT_EQ(run.exit_code, 65);
  const std::string message = run.Result().Text("/error/message");
  EXPECT_NE(message.find(topic_ + "/0"), std::string::npos) << message;
  EXPECT_NE(message.find("--accept-gap"), std::string::npos) << message;
  EXPECT_EQ(Offsets(), "5,5");
  EXPECT_EQ(Sink(run.Result()), Counts(1, 0, 0)) << "the other topic is drained";
  EXPECT_EQ(Sink(Drain(Flags({"--accept-gap"}))), Counts(8, 0, 0));
  EXPECT_EQ(Offsets(), "15,6");
  EXPECT_EQ(Sink(Drain(Flags())), Counts(0, 0, 0));
}

TEST_F(SinkPositions, TopicCreatedAgainIsAGap) {
  WriteRecords(5, 0);
  Drain(Flags());
  DeleteTopic(RealBrokers(), topic_);
  CreateTopic(RealBrokers(), topic_, 2);
  WriteRecords(2, 0);
  EXPECT_NE(Fail(65, Flags()).find("recreated"), std::string::npos);
  EXPECT_EQ(Offsets(), "5,0");
  EXPECT_EQ(Sink(Drain(Flags({"--accept-gap"}))), Counts(2, 0, 0));
  EXPECT_EQ(Offsets(), "2,0");
}

TEST_F(SinkPositions, OnlyCommittedTransactionsAreRead) {
  const auto records = [&](int count) {
    return std::vector<NewMessage>(static_cast<std::size_t>(count), {"k", "{}", {}, 0});
  };
  WriteTransaction(RealBrokers(), topic_, records(3), false);
  EXPECT_EQ(Sink(Drain(Flags())), Counts(0, 0, 0));
  EXPECT_EQ(Offsets(), "4,0") << "the aborted records and their marker are passed";
  WriteTransaction(RealBrokers(), topic_, records(2), true);
  WriteTransaction(RealBrokers(), topic_, records(3), false);
  const JsonValue result = Drain(Flags());
  EXPECT_EQ(Sink(result), Counts(2, 0, 0));
  EXPECT_EQ(result.Number("/source/topics/" + topic_ + "/lag"), 0);
  EXPECT_EQ(Offsets(), "11,0");
  EXPECT_EQ(Sink(Drain(Flags())), Counts(0, 0, 0));
}

TEST_F(SinkPositions, MemoryIsFlat) {
  const std::string value = At("2026-11-22T22:34:00Z", "\"p\":\"" + std::string(600, 'x') + "\"");
  // A process inherits the peak memory of its parent, so this process has to stay small.
  std::vector<NewMessage> messages(2000, {"k", value, {}});
  for (std::size_t i = 0; i < messages.size(); ++i) messages[i].partition = i % 2;
  const auto drain = [&](int writes) {
    for (int i = 0; i < writes; ++i) WriteTopic(RealBrokers(), topic_, messages);
    return Run(Flags());
  };
  const long small = drain(20).peak_rss_kib;  // 24 MB, which fill every buffer
  const Ended large = drain(60);
  EXPECT_EQ(large.Result().Number("/sink/inserted"), 120'000);
  EXPECT_LT(large.peak_rss_kib, 64 * 1024);
  EXPECT_LT(static_cast<double>(large.peak_rss_kib), 1.25 * static_cast<double>(small));
}

}  // namespace
}  // namespace steamflow::test
