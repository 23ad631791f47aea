// Kafka is down, slow or refuses requests. A successful run has delivered everything, and any other
// run moves the cursor only over acknowledged records.

#include <csignal>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr std::int16_t kProduce = 0;
constexpr std::int16_t kMetadata = 3;
constexpr std::int16_t kInitProducerId = 22;
constexpr int kBroker = 1;

class KafkaFaults : public TaskTest {
 protected:
  std::set<std::string> Expected() const {
    return ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, 100);
  }
  // Starts the task and waits until it waits for the API's response, so that whatever the test does
  // to Kafka then affects the producer.
  std::unique_ptr<Program> StartAndAwaitTheCall(const std::vector<std::string>& command) {
    Fault(R"({"kind":"latency","ms":2000})");
    auto program = std::make_unique<Program>(command, environment_);
    EXPECT_TRUE(Eventually([&] { return Requests() == 1; }));
    return program;
  }
  void ExpectDelivered(const Ended& run) {
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_EQ(EventIdsOnce(Topic(kPlayersTopic)), Expected());
    EXPECT_EQ(redis_.Get("last_user_id"), ToText(kFirstPlayersId - 100));
    EXPECT_EQ(run.Result().Number("/kafka/acknowledged"),
              static_cast<std::int64_t>(Expected().size()));
    EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 0);
  }
  // Expects that the cursor did not pass anything, and that the next run delivers everything.
  void ExpectHeldAndMendedByTheNextRun() {
    EXPECT_EQ(redis_.Get("last_user_id").value_or(ToText(kFirstPlayersId)),
              ToText(kFirstPlayersId));
    const Ended next = Run({kPlayersTask});
    EXPECT_EQ(next.exit_code, 0) << next.out;
    EXPECT_EQ(EventIds(Topic(kPlayersTopic)), Expected());
  }
};

TEST_F(KafkaFaults, PassingErrorsAreSentAgain) {
  for (const auto error :
       {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT}) {
    SCOPED_TRACE(rd_kafka_err2name(error));
    redis_.Command({"FLUSHALL"});
    kafka_.FailNext(kProduce, {error, error});
    const std::string topic = UniqueTopic("passing");
    const Ended run = Run({kPlayersTask, "--topic", topic});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_EQ(EventIds(Topic(topic)),
              ExpectedPlayers(accounts_, topic, kMinute, kFirstPlayersId, 100));
    EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 0);
    EXPECT_EQ(redis_.Get("last_user_id@" + topic), ToText(kFirstPlayersId - 100));
  }
}

TEST_F(KafkaFaults, LastingErrorsHoldTheCursor) {
  struct Case {
    rd_kafka_resp_err_t error;
    int exit_code;
  };
  for (const auto& c :
       {Case{RD_KAFKA_RESP_ERR_UNKNOWN, 75}, Case{RD_KAFKA_RESP_ERR_POLICY_VIOLATION, 78},
        Case{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 77}}) {
    SCOPED_TRACE(rd_kafka_err2name(c.error));
    kafka_.FailNext(kProduce, std::vector<rd_kafka_resp_err_t>(50, c.error));
    const Ended run = Run({kPlayersTask, "--deadline", "5"});
    EXPECT_EQ(run.exit_code, c.exit_code) << run.out << run.err;
    EXPECT_NE(run.Result().Text("/error/message").find(kPlayersTopic), std::string::npos);
    EXPECT_EQ(redis_.Get("last_user_id").value_or(ToText(kFirstPlayersId)),
              ToText(kFirstPlayersId));
    rd_kafka_mock_clear_request_errors(kafka_.cluster(), kProduce);
  }
  ExpectHeldAndMendedByTheNextRun();
}

TEST_F(KafkaFaults, PartOfTheRecordsRefusedHoldsTheirIds) {
  // With one record in each batch, only the first record is refused.
  kafka_.FailNext(kProduce, {RD_KAFKA_RESP_ERR_POLICY_VIOLATION});
  const Ended run = Run({kPlayersTask, "--kafka-config", "batch.num.messages=1"});
  EXPECT_EQ(run.exit_code, 78) << run.out;
  const auto cursor = redis_.Get("last_user_id");
  const auto to = cursor ? std::stoull(*cursor) : kFirstPlayersId;
  const auto ids = EventIds(Topic(kPlayersTopic));
  for (const auto& id :
       ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, kFirstPlayersId - to)) {
    EXPECT_EQ(ids.count(id), 1u) << id << " was passed but is missing";
  }
  EXPECT_LT(ids.size(), Expected().size());
  EXPECT_EQ(Run({kPlayersTask}).exit_code, 0);
  EXPECT_EQ(Run({kPlayersTask}).exit_code, 0);
  const auto all = EventIds(Topic(kPlayersTopic));
  for (const auto& id : Expected()) EXPECT_EQ(all.count(id), 1u) << id;
}

TEST_F(KafkaFaults, BrokerThatComesBackGetsEverything) {
  const auto program = StartAndAwaitTheCall({kPlayersTask});
  rd_kafka_mock_broker_set_down(kafka_.cluster(), kBroker);
  // Wait until the task has noticed.
  ASSERT_TRUE(Eventually([&] { return program->Err().find("Kafka") != std::string::npos; }));
  rd_kafka_mock_broker_set_up(kafka_.cluster(), kBroker);
  ExpectDelivered(program->Wait());
}

TEST_F(KafkaFaults, BrokerThatStaysAwayHoldsTheCursor) {
  const auto program = StartAndAwaitTheCall({kPlayersTask, "--deadline", "4"});
  rd_kafka_mock_broker_set_down(kafka_.cluster(), kBroker);
  const Ended run = program->Wait();
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_LT(run.seconds, 6);
  EXPECT_EQ(redis_.Get("last_user_id").value_or(ToText(kFirstPlayersId)), ToText(kFirstPlayersId));
  rd_kafka_mock_broker_set_up(kafka_.cluster(), kBroker);
  ExpectHeldAndMendedByTheNextRun();
}

TEST_F(KafkaFaults, SlowBrokerIsWaitedFor) {
  rd_kafka_mock_broker_set_rtt(kafka_.cluster(), kBroker, 300);
  ExpectDelivered(Run({kPlayersTask}));
}

TEST_F(KafkaFaults, BrokerSlowerThanTheDeadlineHoldsTheCursor) {
  const auto program = StartAndAwaitTheCall({kPlayersTask, "--deadline", "4"});
  rd_kafka_mock_broker_set_rtt(kafka_.cluster(), kBroker, 20'000);
  const Ended run = program->Wait();
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_LT(run.seconds, 6);
  EXPECT_EQ(redis_.Get("last_user_id").value_or(ToText(kFirstPlayersId)), ToText(kFirstPlayersId));
}

TEST_F(KafkaFaults, MetadataAndProducerIdAreAskedForAgain) {
  kafka_.FailNext(kMetadata, {RD_KAFKA_RESP_ERR__TRANSPORT});
  kafka_.FailNext(kInitProducerId,
                  {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR__TRANSPORT});
  ExpectDelivered(Run({kPlayersTask}));
}

TEST_F(KafkaFaults, TopicThatMayNotBeSeenIs77) {
  // For such a topic, a real broker names no partitions; the mock names those that exist.
  rd_kafka_mock_topic_create(kafka_.cluster(), "unseen", 0, 1);
  rd_kafka_mock_topic_set_error(kafka_.cluster(), "unseen",
                                RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const Ended run = Run({kPlayersTask, "--topic", "unseen"});
  EXPECT_EQ(run.exit_code, 77) << run.out << run.err;
  EXPECT_EQ(redis_.Get("last_user_id@unseen").value_or(ToText(kFirstPlayersId)),
            ToText(kFirstPlayersId));
}

TEST_F(KafkaFaults, MissingDeadLetterTopicHoldsWhatBelongsThere) {
  rd_kafka_mock_topic_set_error(kafka_.cluster(), kDeadLetters,
                                RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  Fault(R"({"kind":"status","status":200,"body":"{\"response\":{\"players\":[{\"a\":1}]}}"})");
  const Ended run = Run({kPlayersTask});
  EXPECT_EQ(run.exit_code, 78) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find(kDeadLetters), std::string::npos) << run.out;
  EXPECT_EQ(redis_.Get("last_user_id").value_or(ToText(kFirstPlayersId)), ToText(kFirstPlayersId));
}

TEST_F(KafkaFaults, NobodyListeningIs75) {
  environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://127.0.0.1:1";
  const Ended run = Run({kPlayersTask, "--deadline", "3"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_LT(run.seconds, 5);
  EXPECT_EQ(redis_.Get("last_user_id").value_or(ToText(kFirstPlayersId)), ToText(kFirstPlayersId));
}

}  // namespace
}  // namespace steamflow::test
