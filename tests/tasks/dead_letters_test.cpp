// Only the records that Kafka cannot accept become dead letters. The tests use a real broker.

#include "task_fixture.h"

namespace steamflow::test {
namespace {

class DeadLetters : public TaskTest {
 protected:
  DeadLetters() : TaskTest({"--every-player"}) {
    environment_ = TaskEnvironment(standin_.url(), RealBrokers(), redis_.url());
  }
  static void SetUpTestSuite() {
    // Another test may share the broker and have created the topic, whose name is fixed.
    try {
      ReadTopic(RealBrokers(), kDeadLetters);
    } catch (const std::runtime_error&) {
      CreateTopic(RealBrokers(), kDeadLetters);
    }
  }
  std::string MakeTopic(const std::map<std::string, std::string>& config = {}) {
    const std::string topic = UniqueTopic("dead_letters_test");
    CreateTopic(RealBrokers(), topic, 2, config);
    return topic;
  }
  // Returns the dead letters of a topic's records.
  static std::vector<Message> LettersOf(const std::string& topic) {
    std::vector<Message> letters;
    for (auto& letter : ReadTopic(RealBrokers(), kDeadLetters)) {
      if (letter.headers["source_topic"] == topic) letters.push_back(std::move(letter));
    }
    return letters;
  }
  // Returns a response of GetPlayerSummaries in which one player has a name of this many bytes.
  static std::string Players(std::uint64_t first, std::size_t count, std::uint64_t large,
                             std::size_t bytes) {
    std::string body = R"({\"response\":{\"players\":[)";
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t id = first - i;
      if (i > 0) body += ",";
      body += R"({\"steamid\":\")" + ToText(id) + R"(\",\"personaname\":\")" +
              std::string(id == large ? bytes : 10, 'x') + R"(\"})";
    }
    return body + "]}}";
  }
  void AnswerOnce(const std::string& body) {
    Fault(R"({"kind":"status","status":200,"body":")" + body + R"("})");
  }
};

TEST_F(DeadLetters, RecordTooLargeForTheTopicGoesAlone) {
  const std::string topic = MakeTopic({{"max.message.bytes", "20000"}});
  const std::uint64_t large = kFirstPlayersId - 50;
  AnswerOnce(Players(kFirstPlayersId, 100, large, 50'000));
  const Ended run = Run({kPlayersTask, "--topic", topic});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Number("/kafka/records"), 99);
  EXPECT_EQ(run.Result().Number("/kafka/acknowledged"), 99);
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 1);
  EXPECT_EQ(run.Result().Number("/source/items/ok"), 99);
  EXPECT_EQ(run.Result().Number("/source/items/rejected"), 1);
  auto expected = ExpectedPlayers(standin::Accounts(standin::Population::kEveryPlayer), topic,
                                  kMinute, kFirstPlayersId, 100);
  const std::string id = topic + "/" + kMinute + "/" + ToText(large);
  expected.erase(id);
  EXPECT_EQ(EventIdsOnce(ReadTopic(RealBrokers(), topic)), expected);
  const auto letters = LettersOf(topic);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].key, id);
  EXPECT_EQ(letters[0].headers.at("event_id"), id);
  EXPECT_GT(letters[0].value.size(), 50'000u);
  // The letter has the record as it would have been produced, for a replay.
  EXPECT_EQ(letters[0].headers.at("source_key"), ToText(large));
  EXPECT_EQ(letters[0].headers.at("record.event_id"), id);
  EXPECT_EQ(letters[0].headers.at("record.content-type"), "application/json");
  EXPECT_EQ(redis_.Get("last_user_id@" + topic), ToText(kFirstPlayersId - 100));
}

TEST_F(DeadLetters, RecordTooLargeForTheProducerGoesAlone) {
  const std::string topic = MakeTopic();
  const std::uint64_t large = kFirstPlayersId - 7;
  AnswerOnce(Players(kFirstPlayersId, 10, large, 50'000));
  const Ended run = Run({kPlayersTask, "--topic", topic, "--count", "10", "--kafka-config",
                         "message.max.bytes=20000"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Number("/kafka/records"), 9);
  EXPECT_EQ(ReadTopic(RealBrokers(), topic).size(), 9u);
  const auto letters = LettersOf(topic);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].headers.at("truncated"), "true");
  EXPECT_LT(letters[0].value.size(), 20'000u);
}

TEST_F(DeadLetters, RecordTooLargeIsNoLetterBeforeTheCursorPassesIt) {
  const std::string topic = MakeTopic({{"max.message.bytes", "20000"}});
  const auto answer = [&](std::uint64_t first) {
    Fault(R"({"match":{"steamid":")" + ToText(first - 50) +
          R"("},"kind":"status","status":200,"times":-1,"body":")" +
          Players(first, 100, first - 50, 50'000) + R"("})");
  };
  const std::uint64_t second = kFirstPlayersId - 100;
  const std::vector<std::string> command{kPlayersTask, "--topic",   topic, "--count",
                                         "200",        "--retries", "0"};
  Fault(R"({"match":{"steamid":")" + ToText(kFirstPlayersId) +
        R"("},"kind":"status","status":500,"times":-1})");
  answer(second);
  for (int run = 0; run < 3; ++run) {
    const Ended held = Run(command);
    EXPECT_EQ(held.exit_code, 75) << held.out;
    EXPECT_EQ(held.Result().Number("/kafka/records"), held.Result().Number("/kafka/acknowledged"));
    ASSERT_TRUE(LettersOf(topic).empty()) << "run " << run;
  }
  standin_.ClearFaults();
  answer(second);
  EXPECT_EQ(Run(command).exit_code, 0);
  EXPECT_EQ(LettersOf(topic).size(), 1u);
  EXPECT_EQ(redis_.Get("last_user_id@" + topic), ToText(kFirstPlayersId - 200));
}

// If this many records are refused, the fault is not theirs: the topic accepts no record of this
// size.
TEST_F(DeadLetters, ATopicThatTakesNoRecordsIs78AndMovesNothing) {
  const std::string topic = MakeTopic({{"max.message.bytes", "200"}});
  for (const char* task : {kPlayersTask, kNewsTask}) {
    const Ended run = Run({task, "--topic", topic});
    EXPECT_EQ(run.exit_code, 78) << run.out;
    const std::string message = run.Result().Text("/error/message");
    for (const std::string& part : {topic, std::string("Message size too large")}) {
      EXPECT_NE(message.find(part), std::string::npos) << message;
    }
    EXPECT_EQ(message.find("--accept"), std::string::npos) << message;
    EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 0);
  }
  EXPECT_TRUE(LettersOf(topic).empty());
  EXPECT_EQ(redis_.Get("last_user_id@" + topic), ToText(kFirstPlayersId));
  EXPECT_TRUE(redis_.Keys("news_seen*").empty());
}

// A wrong clock or a limit of the topic is not the fault of a record. The topic accepts only a
// record that reaches it in the millisecond of its time, so a slow second call keeps the records of
// the first one waiting for longer.
TEST_F(DeadLetters, ATopicThatRefusesTheTimeIs78AndPassesNothing) {
  const std::string topic = MakeTopic({{"message.timestamp.before.max.ms", "0"}});
  Fault(R"({"match":{"steamid":")" + ToText(kFirstPlayersId - 100) +
        R"("},"kind":"latency","ms":500})");
  const Ended run = Run({kPlayersTask, "--topic", topic, "--count", "200"});
  EXPECT_EQ(run.exit_code, 78) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find("clock"), std::string::npos) << run.out;
  EXPECT_TRUE(LettersOf(topic).empty());
  EXPECT_EQ(redis_.Get("last_user_id@" + topic), ToText(kFirstPlayersId));
}

// Some records fit, and more than a tenth do not. Then the position does not pass the ones that fit
// either.
TEST_F(DeadLetters, AFuseThatBlowsMovesNothingOfTheRun) {
  const std::string topic = MakeTopic({{"max.message.bytes", "20000"}});
  std::string body = R"({\"response\":{\"players\":[)";
  for (int i = 0; i < 100; ++i) {
    body += std::string(i > 0 ? "," : "") + R"({\"steamid\":\")" + ToText(kFirstPlayersId - i) +
            R"(\",\"personaname\":\")" + std::string(i >= 88 ? 30'000 : 10, 'x') + R"(\"})";
  }
  AnswerOnce(body + "]}}");
  const Ended run = Run({kPlayersTask, "--topic", topic});
  EXPECT_EQ(run.exit_code, 78) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find("11 of 100"), std::string::npos) << run.out;
  EXPECT_TRUE(LettersOf(topic).empty());
  EXPECT_EQ(redis_.Get("last_user_id@" + topic), ToText(kFirstPlayersId));
  EXPECT_EQ(Run({kPlayersTask, "--topic", topic}).exit_code, 0) << "all records fit now";
  EXPECT_EQ(EventIds(ReadTopic(RealBrokers(), topic)).size(), 100u);
}

// Every batch of a busy run is refused as a whole, although none of its records is too large.
TEST_F(DeadLetters, SmallRecordsInRefusedBatchesArrive) {
  const std::string topic = MakeTopic({{"max.message.bytes", "2000"}});
  const Ended run =
      Run({kPlayersTask, "--topic", topic, "--count", "3000", "--start-id", "76561198000000000"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 0);
  EXPECT_EQ(run.Result().Number("/kafka/acknowledged"), 3000);
  EXPECT_EQ(EventIdsOnce(ReadTopic(RealBrokers(), topic)).size(), 3000u);
}

// The deadline comes while the refused records are being sent one by one.
TEST_F(DeadLetters, DeadlineAmongRefusedRecordsIsNoSuccess) {
  const std::string topic = MakeTopic({{"max.message.bytes", "2000"}});
  const Ended run = Run({kPlayersTask, "--topic", topic, "--count", "100000", "--start-id",
                         "76561198000000000", "--deadline", "4"});
  EXPECT_EQ(run.exit_code, 75) << run.out << run.err;
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 0);
  const auto cursor = redis_.Get("last_user_id@" + topic);
  const auto to = cursor ? std::stoull(*cursor) : 76561198000000000u;
  const auto ids = EventIds(ReadTopic(RealBrokers(), topic));
  for (std::uint64_t id = 76561198000000000; id > to; --id) {
    ASSERT_EQ(ids.count(topic + "/" + kMinute + "/" + ToText(id)), 1u) << id << " is lost";
  }
}

TEST_F(DeadLetters, MissingTopicIs78) {
  const std::string topic = UniqueTopic("never_made");
  const Ended run = Run({kPlayersTask, "--topic", topic});
  EXPECT_EQ(run.exit_code, 78) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find("never_made"), std::string::npos);
  EXPECT_EQ(redis_.Get("last_user_id@" + topic).value_or(ToText(kFirstPlayersId)),
            ToText(kFirstPlayersId));
}

}  // namespace
}  // namespace steamflow::test
