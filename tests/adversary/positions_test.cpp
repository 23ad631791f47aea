// A position knows to which partition it belongs. The tests create topics again, let them lose
// records, use retention, compaction and other schemas, and restore databases, with a real Kafka
// and a real PostgreSQL.

#include "kafka_changes.h"
#include "postgres_sink_fixture.h"

namespace steamflow::test {
namespace {

class Positions : public PostgresSinkTest {
 protected:
  Positions() {
    environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://" + RealBrokers();
    CreateTopic(RealBrokers(), kDeadLetters);
  }
  std::string MakeTopic(const std::string& start,
                        const std::map<std::string, std::string>& config = {}) const {
    const std::string topic = UniqueTopic(start);
    CreateTopic(RealBrokers(), topic, 1, config);
    return topic;
  }
  static void MakeAnew(const std::string& topic) {
    DeleteTopic(RealBrokers(), topic);
    CreateTopic(RealBrokers(), topic, 1);
  }
  static void WriteRecords(const std::string& topic, int count) {
    std::vector<NewMessage> messages;
    for (int i = 0; i < count; ++i) messages.push_back({"k" + std::to_string(i), "{}", {}, 0});
    WriteTopic(RealBrokers(), topic, messages);
  }
  std::string Offset(const std::string& topic) {
    return Value(R"(SELECT "offset" FROM sink_offsets WHERE topic = ')" + topic + "'");
  }
  std::string RowsOf(const std::string& topic) {
    return Rows("records WHERE topic = '" + topic + "'");
  }
};

TEST_F(Positions, ATopicCreatedAgainIsAGapWhateverItsLength) {
  const std::string other = MakeTopic("position_other");
  for (const int length : {2, 5, 8}) {
    const std::string topic = MakeTopic("position_anew");
    WriteRecords(topic, 5);
    Drain({"--topic", topic});
    MakeAnew(topic);
    WriteRecords(topic, length);
    WriteRecords(other, 1);
    const Ended run = Run({"--topic", topic, "--topic", other});
    EXPECT_EQ(run.exit_code, 65) << run.out;
    const std::string message = run.Result().Text("/error/message");
    EXPECT_NE(message.find(topic + "/0"), std::string::npos) << message;
    EXPECT_NE(message.find("--accept-gap"), std::string::npos) << message;
    EXPECT_EQ(Sink(run.Result()), Counts(1, 0, 0)) << "the other topic is drained";
    EXPECT_EQ(Offset(topic), "5");
    EXPECT_EQ(RowsOf(topic), "5");
    EXPECT_EQ(Sink(Drain({"--topic", topic, "--accept-gap"})), Counts(length, 0, 0));
    EXPECT_EQ(RowsOf(topic), std::to_string(5 + length));
    EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(0, 0, 0));
  }
}

// The store stalls in the middle of a drain. Meanwhile the topic is created again, with more
// records than the run had read from the old one, so that Kafka has every offset that the reader
// requests next.
TEST_F(Positions, ATopicCreatedAgainDuringADrainIsAGap) {
  const std::string topic = MakeTopic("position_during");
  const auto write = [&](const std::string& which, int count) {
    std::vector<NewMessage> messages;
    for (int i = 0; i < count; ++i) {
      const std::string id = which + "/" + std::to_string(i);
      messages.push_back({id, "{\"p\":\"" + std::string(500, 'x') + "\"}", {{"event_id", id}}});
    }
    WriteTopic(RealBrokers(), topic, messages);
  };
  write("old", 40'000);
  EXPECT_EQ(Sink(Drain({"--topic", topic, "--max-records", "1"})), Counts(1, 0, 0));
  database_.Execute("BEGIN; LOCK TABLE records");
  Program program(Command({"--topic", topic}), environment_);
  PostgresSession other(database_.name());
  ASSERT_TRUE(Eventually([&] {
    return other.Value(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
               "AND datname = current_database()") == "1";
  }));
  MakeAnew(topic);
  write("new", 60'000);
  database_.Execute("ROLLBACK");
  const Ended run = program.Wait();
  EXPECT_EQ(run.exit_code, 65) << run.out << run.err;
  Drain({"--topic", topic, "--accept-gap"});
  EXPECT_EQ(Rows("records WHERE event_id LIKE 'new/%'"), "60000");
}

// The partition that is left had no record before, so it does not distinguish the topics.
TEST_F(Positions, ATopicCreatedAgainWithFewerPartitionsIsAGap) {
  const std::string topic = UniqueTopic("position_fewer");
  CreateTopic(RealBrokers(), topic, 4);
  WriteTopic(RealBrokers(), topic, {{"k", "{}", {}, 3}, {"k", "{}", {}, 3}});
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(2, 0, 0));
  MakeAnew(topic);
  WriteRecords(topic, 3);
  EXPECT_NE(Fail(65, {"--topic", topic}).find(topic + "/3"), std::string::npos);
  EXPECT_EQ(RowsOf(topic), "2");
  EXPECT_EQ(Sink(Drain({"--topic", topic, "--shard", "0/2"})), Counts(3, 0, 0))
      << "the missing partition belongs to the other shard";
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(0, 0, 0)) << "its position is confirmed now";
}

TEST_F(Positions, TheGapOfAMissingPartitionIsAcceptedOnce) {
  const std::string topic = UniqueTopic("position_missing");
  CreateTopic(RealBrokers(), topic, 2);
  WriteTopic(RealBrokers(), topic, {{"k", "{}", {}, 1}});
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(1, 0, 0));
  MakeAnew(topic);
  Fail(65, {"--topic", topic});
  EXPECT_EQ(Sink(Drain({"--topic", topic, "--accept-gap"})), Counts(0, 0, 0));
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(0, 0, 0));
  WriteRecords(topic, 3);
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(3, 0, 0));
}

// If records have no event ids, equal times do not make it the same topic either. With
// --accept-gap, a new record whose time, partition and offset are those of an old one counts as
// that old record.
TEST_F(Positions, ATopicCreatedAgainWithTheSameTimesIsAGap) {
  const std::string topic = MakeTopic("position_times");
  const auto write = [&](const std::string& value, std::int64_t time) {
    WriteTopic(RealBrokers(), topic,
               {{"k", "{\"n\":1}", {}, 0, time}, {"k", "{\"n\":" + value + "}", {}, 0, time}});
  };
  const std::int64_t time = MillisecondsAgo(60'000);
  write("1", time);
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(2, 0, 0));
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(0, 0, 0));
  MakeAnew(topic);
  write("2", time);
  write("3", time + 1);
  EXPECT_NE(Fail(65, {"--topic", topic}).find("not the same as before"), std::string::npos);
  EXPECT_EQ(Sink(Drain({"--topic", topic, "--accept-gap"})), Counts(2, 2, 0));
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(0, 0, 0));
  MakeAnew(topic);
  for (const char* value : {"2", "3"}) write(value, time + 2);
  Fail(65, {"--topic", topic});
  EXPECT_EQ(Sink(Drain({"--topic", topic, "--accept-gap"})), Counts(4, 0, 0)) << "the times differ";
}

// The new topic has a transaction marker at the offset of the old topic's last record.
TEST_F(Positions, ATopicCreatedAgainWithTransactionsIsAGap) {
  const std::string topic = MakeTopic("position_transactions");
  WriteRecords(topic, 5);
  Drain({"--topic", topic});
  MakeAnew(topic);
  WriteTransaction(RealBrokers(), topic, std::vector<NewMessage>(4, {"k", "{}", {}, 0}), true);
  Fail(65, {"--topic", topic});
  WriteRecords(topic, 3);
  Fail(65, {"--topic", topic});
  EXPECT_EQ(Offset(topic), "5");
  EXPECT_EQ(Sink(Drain({"--topic", topic, "--accept-gap"})), Counts(7, 0, 0));
}

TEST_F(Positions, AnEmptyTopicCreatedAgainIsAGapOnce) {
  const std::string topic = MakeTopic("position_empty");
  WriteRecords(topic, 5);
  Drain({"--topic", topic});
  MakeAnew(topic);
  Fail(65, {"--topic", topic});
  Drain({"--topic", topic, "--accept-gap"});
  WriteRecords(topic, 2);
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(2, 0, 0));
}

TEST_F(Positions, RetentionOfWhatWasReadIsNone) {
  const std::string topic = MakeTopic("position_retention");
  WriteRecords(topic, 5);
  Drain({"--topic", topic});
  DeleteRecords(RealBrokers(), topic, 0, 5);
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(0, 0, 0));
  WriteRecords(topic, 3);
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(3, 0, 0));
  DeleteRecords(RealBrokers(), topic, 0, 7);
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(0, 0, 0));
  WriteRecords(topic, 2);
  DeleteRecords(RealBrokers(), topic, 0, 9);
  EXPECT_NE(Fail(65, {"--topic", topic}).find("deleted before they were read"), std::string::npos);
}

TEST_F(Positions, AnotherSchemaHasPositionsOfItsOwn) {
  const std::string topic = MakeTopic("position_schema");
  WriteRecords(topic, 5);
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(5, 0, 0));
  EXPECT_EQ(Sink(Drain({"--topic", topic, "--schema", "trial"})), Counts(5, 0, 0));
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(0, 0, 0));
}

TEST_F(Positions, ARestoredDatabaseIsFilledUpAgain) {
  const std::string topic = MakeTopic("position_backup");
  WriteRecords(topic, 5);
  Drain({"--topic", topic});
  database_.Execute("CREATE TABLE public.backup AS SELECT * FROM records");
  database_.Execute("CREATE TABLE public.backed_up AS SELECT * FROM sink_offsets");
  WriteRecords(topic, 4);
  Drain({"--topic", topic});
  database_.Execute("TRUNCATE records, sink_offsets");
  database_.Execute("INSERT INTO records SELECT * FROM public.backup");
  database_.Execute("INSERT INTO sink_offsets SELECT * FROM public.backed_up");
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(4, 0, 0));
  EXPECT_EQ(RowsOf(topic), "9");
}

}  // namespace
}  // namespace steamflow::test
