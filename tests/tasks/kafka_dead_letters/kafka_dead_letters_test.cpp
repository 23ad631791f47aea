#include <algorithm>
#include <set>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kTask[] = "kafka-dead-letters";

// A real Kafka, a topic that only this test uses, and dead letters of its records. All tests share
// the topic of dead letters, and each test uses only the dead letters of its own topic.
class KafkaDeadLetters : public ::testing::Test {
 protected:
  KafkaDeadLetters() {
    CreateTopic(RealBrokers(), kDeadLetters, 3);
    CreateTopic(RealBrokers(), topic_, 3);
  }

  // Returns a dead letter of a record with this id, as a sink writes it.
  NewMessage DeadLetter(const std::string& id, const std::string& reason = "not JSON") const {
    NewMessage letter{id, "{broken", {}};
    letter.headers = {{"reason", reason},        {"source_topic", topic_},
                      {"event_id", id},          {"task", "kafka-to-postgres"},
                      {"run_id", kRunId},        {"source_key", "key of " + id},
                      {"source_partition", "2"}, {"source_offset", "41"},
                      {"record.event_id", id},   {"record.content-type", "application/json"}};
    return letter;
  }
  static void Write(const std::vector<NewMessage>& letters) {
    WriteTopic(RealBrokers(), kDeadLetters, letters);
  }

  std::vector<std::string> Command(const std::vector<std::string>& flags = {}) const {
    std::vector<std::string> command{kTask, "--brokers", RealBrokers(), "--source-topic", topic_};
    command.insert(command.end(), flags.begin(), flags.end());
    return command;
  }
  Ended Run(const std::vector<std::string>& flags = {}) const {
    return RunProgram(Command(flags), {});
  }
  // Returns the lines with dead letters, without the result.
  std::vector<std::string> List(const std::vector<std::string>& flags = {}) const {
    const Ended run = Run(flags);
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_EQ(run.err, "");
    auto lines = run.Lines();
    lines.pop_back();
    return lines;
  }
  std::vector<Message> Replayed() const { return ReadTopic(RealBrokers(), topic_); }

  const std::string topic_ = UniqueTopic("letters");
  const std::string id_ = topic_ + "/1";
};

TEST_F(KafkaDeadLetters, ListsLettersWithTheirReasonSourceAndTime) {
  Write({DeadLetter(id_), DeadLetter(topic_ + "/2", "a NUL in a string")});
  const auto lines = List();
  ASSERT_EQ(lines.size(), 2u);
  const auto& line = lines[0].find(id_) != std::string::npos ? lines[0] : lines[1];
  EXPECT_NE(line.find("open"), std::string::npos) << line;
  EXPECT_NE(line.find(topic_), std::string::npos) << line;
  EXPECT_NE(line.find("not JSON"), std::string::npos) << line;
  EXPECT_NE(line.find("Z "), std::string::npos) << "no time in: " << line;
  EXPECT_EQ(Run().Result().Raw("/letters"),
            R"({"open":2,"replayed":0,"truncated":0,"no_record":0})");
}

TEST_F(KafkaDeadLetters, FiltersChooseLetters) {
  Write({DeadLetter(id_), DeadLetter(topic_ + "/2", "a NUL in a string")});
  EXPECT_EQ(List({"--reason", "NUL"}).size(), 1u);
  EXPECT_EQ(List({"--reason", "NUL", "--event-id", id_}).size(), 0u)
      << "both conditions must match";
  EXPECT_EQ(List({"--event-id", id_}).size(), 1u);
  EXPECT_EQ(List({"--since", "2026-01-01"}).size(), 2u);
  EXPECT_EQ(List({"--since", "2126-01-01"}).size(), 0u);
  EXPECT_EQ(List({"--until", "2026-01-01"}).size(), 0u);
  const std::string line = List({"--reason", "NUL"})[0];
  EXPECT_EQ(List({"--letter", line.substr(0, line.find(' '))}), std::vector{line});
  EXPECT_EQ(RunProgram({kTask, "--brokers", RealBrokers(), "--source-topic", "nobodys"}, {})
                .Result()
                .Number("/letters/open"),
            0);
}

TEST_F(KafkaDeadLetters, ShowsALetterWithTheBytesOfItsValue) {
  NewMessage letter = DeadLetter(id_);
  letter.value = std::string("{\"half\":\"\xFF\n\0 of it", 17);
  Write({letter});
  const Ended run = Run({"--show"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find("\nvalue, 17 bytes:\n" + *letter.value + "\n"), std::string::npos);
  EXPECT_NE(run.out.find("\nkey: key of " + id_ + "\n"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("\nheader content-type: application/json\n"), std::string::npos);
}

// Each store may have refused the record. All dead letters are of one record, which is replayed
// once.
TEST_F(KafkaDeadLetters, ReplaysARecordOnceWhateverItsLetters) {
  NewMessage letter = DeadLetter(id_);
  letter.headers["source_partition"] = "0";
  letter.headers["source_offset"] = "7";
  NewMessage other = letter;
  other.headers["task"] = "kafka-to-elasticsearch";
  NewMessage next = letter;
  next.headers["source_offset"] = "8";
  Write({letter, other, next});
  EXPECT_EQ(Run({"--replay"}).Result().Raw("/letters"),
            R"({"open":2,"replayed":1,"truncated":0,"no_record":0,"delivered":2,"refused":0})");
  EXPECT_EQ(Replayed().size(), 2u);
  EXPECT_EQ(Run({"--replay"}).Result().Raw("/letters"),
            R"({"open":0,"replayed":3,"truncated":0,"no_record":0,"delivered":0,"refused":0})");
  EXPECT_EQ(Replayed().size(), 2u);
}

TEST_F(KafkaDeadLetters, ReplaysTheRecordAsItWas) {
  NewMessage letter = DeadLetter(id_);
  const std::int64_t time = MillisecondsAgo(100'000);
  letter.headers["source_timestamp"] = std::to_string(time);
  Write({letter});
  const Ended run = Run({"--replay"});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Raw("/letters"),
            R"({"open":1,"replayed":0,"truncated":0,"no_record":0,"delivered":1,"refused":0})");
  const auto records = Replayed();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].key, "key of " + id_);
  EXPECT_EQ(records[0].value, "{broken");
  EXPECT_EQ(records[0].timestamp_ms, time) << "a new time could undo newer records";
  EXPECT_EQ(records[0].headers, (std::map<std::string, std::string>{
                                    {"content-type", "application/json"}, {"event_id", id_}}));
}

TEST_F(KafkaDeadLetters, ReplaysOnceHoweverOftenItRuns) {
  std::vector<NewMessage> letters;
  for (int i = 0; i < 250; ++i) letters.push_back(DeadLetter(topic_ + "/" + std::to_string(i)));
  Write(letters);
  EXPECT_EQ(Run({"--replay"}).Result().Number("/letters/delivered"), 250);
  const Ended again = Run({"--replay"});
  EXPECT_EQ(again.exit_code, 0) << again.out;
  EXPECT_EQ(again.Result().Number("/letters/delivered"), 0);
  EXPECT_EQ(again.Result().Number("/letters/replayed"), 250);
  EXPECT_EQ(EventIdsOnce(Replayed()).size(), 250u);
  const auto lines = List();
  ASSERT_EQ(lines.size(), 250u);
  for (const auto& line : lines) ASSERT_NE(line.find("replayed"), std::string::npos) << line;
  // A record that fails again gets another letter, because it has another place.
  NewMessage again_refused = DeadLetter(topic_ + "/7");
  again_refused.headers["source_offset"] = "42";
  Write({again_refused});
  EXPECT_EQ(Run({"--replay"}).Result().Number("/letters/delivered"), 1);
}

TEST_F(KafkaDeadLetters, ARecordWithoutAnEventIdGetsTheOneOfItsLetter) {
  NewMessage letter = DeadLetter(topic_ + "/2/41");
  letter.headers.erase("record.event_id");
  letter.headers.erase("source_key");  // the record had no key
  letter.value.reset();
  Write({letter});
  EXPECT_EQ(Run({"--replay"}).exit_code, 0);
  const auto records = Replayed();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].headers.at("event_id"), topic_ + "/2/41");
  EXPECT_EQ(records[0].key, "");
  EXPECT_TRUE(records[0].is_tombstone);
}

TEST_F(KafkaDeadLetters, WhatIsNoWholeRecordIsNotReplayedAndTheRestIs) {
  NewMessage cut = DeadLetter(topic_ + "/cut");
  cut.headers["truncated"] = "true";
  NewMessage response = DeadLetter(topic_ + "/response", "HTTP 500");  // the API's response
  response.headers.erase("source_key");
  response.headers.erase("source_partition");
  Write({cut, DeadLetter(id_), response});
  const Ended run = Run({"--replay"});
  EXPECT_EQ(run.exit_code, 65) << run.out;
  EXPECT_EQ(run.Result().Raw("/letters"),
            R"({"open":1,"replayed":0,"truncated":1,"no_record":1,"delivered":1,"refused":0})");
  EXPECT_EQ(EventIdsOnce(Replayed()), std::set{id_});
}

TEST_F(KafkaDeadLetters, WhatKafkaRefusesIsLeftAndTheRestIsReplayed) {
  const std::string small = UniqueTopic("small");
  CreateTopic(RealBrokers(), small, 1, {{"max.message.bytes", "2000"}});
  std::vector<NewMessage> letters;
  for (int i = 0; i < 3; ++i) {
    letters.push_back(DeadLetter(small + "/" + std::to_string(i)));
    letters.back().headers["source_topic"] = small;
  }
  letters[1].value = std::string(5000, 'x');
  Write(letters);
  const Ended run =
      RunProgram({kTask, "--brokers", RealBrokers(), "--source-topic", small, "--replay"}, {});
  EXPECT_EQ(run.exit_code, 65) << run.out;
  EXPECT_EQ(run.Result().Number("/letters/delivered"), 2);
  EXPECT_EQ(run.Result().Number("/letters/refused"), 1);
  EXPECT_NE(run.err.find("too large"), std::string::npos) << run.err;
  EXPECT_EQ(EventIdsOnce(ReadTopic(RealBrokers(), small)), (std::set{small + "/0", small + "/2"}));
}

TEST_F(KafkaDeadLetters, ATopicThatIsGoneIsSaid) {
  const std::string gone = UniqueTopic("gone");
  NewMessage letter = DeadLetter(gone + "/1");
  letter.headers["source_topic"] = gone;
  Write({letter});
  const Ended run =
      RunProgram({kTask, "--brokers", RealBrokers(), "--source-topic", gone, "--replay"}, {});
  EXPECT_EQ(run.exit_code, 65) << run.out;
  EXPECT_NE(run.err.find("the topic " + gone + " does not exist"), std::string::npos) << run.err;
}

TEST_F(KafkaDeadLetters, LettersOfKafkaConnectAreReadToo) {
  Write({{"570",
          "{broken",
          {{"__connect.errors.topic", topic_},
           {"__connect.errors.partition", "1"},
           {"__connect.errors.offset", "12"},
           {"__connect.errors.connector.name", "steam-elasticsearch"},
           {"__connect.errors.exception.message", "Converting byte[] failed"},
           {"content-type", "application/json"}}}});
  const auto lines = List();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find(topic_ + "/1/12  Converting byte[] failed"), std::string::npos)
      << lines[0];
  EXPECT_EQ(Run({"--replay"}).exit_code, 0);
  const auto records = Replayed();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].key, "570");
  EXPECT_EQ(records[0].value, "{broken");
  EXPECT_EQ(records[0].headers,
            (std::map<std::string, std::string>{{"content-type", "application/json"},
                                                {"event_id", topic_ + "/1/12"}}));
}

// Of two replays at the same time, one fences off the other, and no dead letter is replayed by
// both.
TEST_F(KafkaDeadLetters, OverlappingReplaysDeliverOnce) {
  std::vector<NewMessage> letters;
  for (int i = 0; i < 500; ++i) letters.push_back(DeadLetter(topic_ + "/" + std::to_string(i)));
  Write(letters);
  for (int i = 0; i < 2; ++i) {
    std::vector<std::unique_ptr<Program>> programs;
    for (int k = 0; k < 3; ++k) {
      programs.push_back(std::make_unique<Program>(Command({"--replay"}), Environment{}));
    }
    for (const auto& program : programs) {
      const Ended run = program->Wait();
      EXPECT_TRUE(run.exit_code == 0 || run.exit_code == 75) << run.out << run.err;
    }
  }
  EXPECT_EQ(Run({"--replay"}).exit_code, 0);
  EXPECT_EQ(EventIdsOnce(Replayed()).size(), 500u);
}

TEST_F(KafkaDeadLetters, WrongUseIsRefused) {
  const auto code = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {kTask, "--brokers", "127.0.0.1:1"});
    return RunProgram(flags, {}).exit_code;
  };
  EXPECT_EQ(code({"--replay"}), 64) << "no letter is selected";
  EXPECT_EQ(code({"--replay", "--show", "--event-id", "e"}), 64);
  EXPECT_EQ(code({"--letter", "3"}), 64);
  EXPECT_EQ(code({"--letter", "3/x"}), 64);
  EXPECT_EQ(code({"--letter", "3/1/2"}), 64);
  EXPECT_EQ(code({"--since", "yesterday"}), 64);
  EXPECT_EQ(code({"--deadline", "1.5"}), 75) << "there is no broker";
  EXPECT_EQ(code({"--deadline", "1.5", "--replay", "--event-id", "e"}), 75) << "there is no broker";
}

}  // namespace
}  // namespace steamflow::test
