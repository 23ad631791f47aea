#include <filesystem>
#include <fstream>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kTask[] = "kafka-create-topics";

// A real Kafka and a file with topics.
class KafkaCreateTopics : public ::testing::Test {
 protected:
  KafkaCreateTopics() : file_(std::filesystem::temp_directory_path() / (topic_ + ".json")) {}
  ~KafkaCreateTopics() override { std::filesystem::remove(file_); }

  void WriteFile(const std::string& json) const { std::ofstream(file_) << json; }

  // Runs the task with a file of this content.
  Ended Run(const std::string& json, const std::vector<std::string>& flags = {}) const {
    WriteFile(json);
    return RunProgram(Command(flags), {});
  }

  std::vector<std::string> Command(const std::vector<std::string>& flags = {}) const {
    std::vector<std::string> command{kTask, "--brokers", RealBrokers(), "--file", file_};
    command.insert(command.end(), flags.begin(), flags.end());
    return command;
  }

  const std::string topic_ = UniqueTopic("created");
  const std::string other_ = UniqueTopic("other");
  const std::string file_;
};

std::string Spec(const std::string& topic, int partitions, const std::string& config = "{}",
                 int replication = 1) {
  return "\"" + topic + R"(":{"partitions":)" + std::to_string(partitions) + R"(,"replication":)" +
         std::to_string(replication) + R"(,"config":)" + config + "}";
}

TEST_F(KafkaCreateTopics, CreatesWhatTheFileSaysAndNothingTwice) {
  const std::string json =
      "{" + Spec(topic_, 7, R"({"retention.ms":86400000,"cleanup.policy":"delete"})") + "," +
      Spec(other_, 1) + "}";
  const Ended run = Run(json);
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.Result().Raw("/topics/0"),
            R"({"name":")" + topic_ +
                R"(","partitions":7,"replication":1,"action":"created","drift":[]})");
  EXPECT_EQ(run.Result().Text("/topics/1/action"), "created");
  // Once the task has ended, every client sees the topic at once.
  EXPECT_EQ(PartitionsOf(RealBrokers(), topic_), 7);
  EXPECT_EQ(PartitionsOf(RealBrokers(), other_), 1);
  EXPECT_EQ(ConfigOf(RealBrokers(), topic_, "retention.ms"), "86400000");

  const Ended again = Run(json);
  EXPECT_EQ(again.exit_code, 0) << again.out;
  EXPECT_EQ(again.err, "");
  EXPECT_EQ(again.Result().Text("/topics/0/action"), "unchanged");
  EXPECT_EQ(again.Result().Text("/topics/1/action"), "unchanged");
}

TEST_F(KafkaCreateTopics, TheDefaultFileIsBesideTheBinary) {
  const RealKafka kafka(1);
  const Ended run = RunProgram({kTask, "--brokers", kafka.brokers(), "--log-level", "info"}, {});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  const JsonValue result = run.Result();
  ASSERT_EQ(result.Size("/topics"), 7u);
  const std::vector<std::string> names{"topic_currPlayer", "rct_plyd_games", "topic_GetUserInfo",
                                       "steamusers",       "steam_news",     "steam_dead_letters",
                                       "steam_load_test"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string entry = "/topics/" + std::to_string(i);
    EXPECT_EQ(result.Text(entry + "/name"), names[i]);
    EXPECT_GE(result.Number(entry + "/partitions"), 6);
    EXPECT_EQ(result.Number(entry + "/replication"), 1) << "there is only one broker";
    EXPECT_EQ(result.Number(entry + "/replication_wanted"), 3);
    EXPECT_EQ(ConfigOf(kafka.brokers(), names[i], "min.insync.replicas"), "1");
    EXPECT_NE(ConfigOf(kafka.brokers(), names[i], "retention.bytes"), "-1");
  }
}

TEST_F(KafkaCreateTopics, MakesNothingBeforeSoManyBrokersRun) {
  const std::string json = "{" + Spec(topic_, 2, "{}", 3) + "}";
  const Ended waiting = Run(json, {"--min-brokers", "2", "--deadline", "3"});
  EXPECT_EQ(waiting.exit_code, 75) << waiting.out;
  EXPECT_NE(waiting.out.find("running brokers: 1, wanted: 2"), std::string::npos) << waiting.out;
  EXPECT_EQ(PartitionsOf(RealBrokers(), topic_), 0);
  EXPECT_EQ(Run(json, {"--min-brokers", "1"}).exit_code, 0);
  EXPECT_EQ(Run(json, {"--min-brokers", "0"}).exit_code, 64);
}

TEST_F(KafkaCreateTopics, DriftIsReportedAndLeftAlone) {
  CreateTopic(RealBrokers(), topic_, 3, {{"retention.ms", "1000"}});
  const Ended run = Run("{" + Spec(topic_, 6, R"({"retention.ms":2000})") + "}");
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Text("/topics/0/action"), "drift");
  EXPECT_EQ(run.Result().Raw("/topics/0/drift"),
            R"(["partitions is 3, wanted 6","retention.ms is 1000, wanted 2000"])");
  EXPECT_NE(run.err.find("warning"), std::string::npos);
  EXPECT_NE(run.err.find(topic_ + ": partitions is 3, wanted 6 (--apply changes it)"),
            std::string::npos)
      << run.err;
  EXPECT_EQ(PartitionsOf(RealBrokers(), topic_), 3);
  EXPECT_EQ(ConfigOf(RealBrokers(), topic_, "retention.ms"), "1000");
}

TEST_F(KafkaCreateTopics, ApplyMendsDriftAndKeepsOtherOverrides) {
  CreateTopic(RealBrokers(), topic_, 3,
              {{"retention.ms", "1000"}, {"max.message.bytes", "123456"}});
  const std::string json = "{" + Spec(topic_, 6, R"({"retention.ms":2000})") + "}";
  const Ended run = Run(json, {"--apply"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.Result().Text("/topics/0/action"), "altered");
  EXPECT_EQ(run.Result().Size("/topics/0/drift"), 2u);
  EXPECT_EQ(run.Result().Number("/topics/0/partitions"), 6);
  EXPECT_EQ(PartitionsOf(RealBrokers(), topic_), 6);
  EXPECT_EQ(ConfigOf(RealBrokers(), topic_, "retention.ms"), "2000");
  EXPECT_EQ(ConfigOf(RealBrokers(), topic_, "max.message.bytes"), "123456");
  EXPECT_EQ(Run(json, {"--apply"}).Result().Text("/topics/0/action"), "unchanged");
}

TEST_F(KafkaCreateTopics, RefusesToShrinkButDoesTheRestFirst) {
  CreateTopic(RealBrokers(), topic_, 5, {{"retention.ms", "1000"}});
  const std::string json =
      "{" + Spec(topic_, 2, R"({"retention.ms":2000})") + "," + Spec(other_, 2) + "}";
  const Ended run = Run(json, {"--apply"});
  EXPECT_EQ(run.exit_code, 65) << run.out;
  EXPECT_FALSE(run.Result().Bool("/retryable"));
  EXPECT_EQ(run.Result().Text("/topics/0/action"), "drift");
  EXPECT_EQ(run.Result().Raw("/topics/0/drift"), R"(["partitions is 5, wanted 2"])");
  EXPECT_EQ(PartitionsOf(RealBrokers(), topic_), 5);
  EXPECT_EQ(ConfigOf(RealBrokers(), topic_, "retention.ms"), "2000");
  EXPECT_EQ(PartitionsOf(RealBrokers(), other_), 2);
  EXPECT_EQ(Run(json).exit_code, 0) << "without --apply no change was requested";
}

TEST_F(KafkaCreateTopics, RunsAtTheSameTimeAllSucceed) {
  std::string topics;
  for (int i = 0; i < 8; ++i) topics += (i ? "," : "") + Spec(topic_ + std::to_string(i), 2);
  WriteFile("{" + topics + "}");
  const auto race = [&](const std::vector<std::string>& flags) {
    std::vector<std::unique_ptr<Program>> programs;
    for (int i = 0; i < 4; ++i) {
      programs.push_back(std::make_unique<Program>(Command(flags), Environment{}));
    }
    for (const auto& program : programs) {
      const Ended run = program->Wait();
      EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    }
  };
  race({});
  std::string larger;
  for (int i = 0; i < 8; ++i) {
    larger += (i ? "," : "") + Spec(topic_ + std::to_string(i), 4, R"({"retention.ms":5000})");
  }
  WriteFile("{" + larger + "}");
  race({"--apply"});
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(PartitionsOf(RealBrokers(), topic_ + std::to_string(i)), 4);
    EXPECT_EQ(ConfigOf(RealBrokers(), topic_ + std::to_string(i), "retention.ms"), "5000");
  }
}

TEST_F(KafkaCreateTopics, WhatTheBrokersRefuseIsConfigurationAndStopsNothingElse) {
  for (const char* config : {R"({"retention.ms":"soon"})", R"({"retention.sm":1000})"}) {
    const Ended run = Run("{" + Spec(topic_, 1, config) + "," + Spec(other_, 1) + "}");
    EXPECT_EQ(run.exit_code, 78) << run.out;
    EXPECT_NE(run.Result().Text("/error/message").find("creating " + topic_), std::string::npos);
    EXPECT_EQ(run.Result().Size("/topics"), 1u);
    EXPECT_EQ(PartitionsOf(RealBrokers(), topic_), 0);
    EXPECT_EQ(PartitionsOf(RealBrokers(), other_), 1);
  }
  CreateTopic(RealBrokers(), topic_, 1);
  const Ended altering =
      Run("{" + Spec(topic_, 1, R"({"retention.ms":"soon"})") + "}", {"--apply"});
  EXPECT_EQ(altering.exit_code, 78) << altering.out;
  EXPECT_EQ(altering.Result().Text("/topics/0/action"), "drift");
}

TEST_F(KafkaCreateTopics, BadFilesAreRefusedBeforeAnyNetworkUse) {
  const std::vector<std::pair<std::string, std::string>> files{
      {"", "not valid JSON"},
      {"[]", "not a JSON object"},
      {"{}", "names no topic"},
      {R"({"t":{"partitions":6,"replication":1})", "not valid JSON"},
      {R"({"t":6})", "topic 't': expected"},
      {R"({"t":"{\"partitions\":6,\"replication\":1}"})", "topic 't': expected"},
      {R"({"t":{"replication":1}})", "partitions is missing"},
      {R"({"t":{"partitions":6}})", "replication is missing"},
      {R"({"t":{"partitions":0,"replication":1}})", "partitions: 0 is not a whole number"},
      {R"({"t":{"partitions":-1,"replication":1}})", "partitions: -1"},
      {R"({"t":{"partitions":6.5,"replication":1}})", "partitions: 6.5"},
      {R"({"t":{"partitions":"6","replication":1}})", "partitions: 6 "},
      {R"({"t":{"partitions":4294967297,"replication":1}})", "partitions: 4294967297"},
      {R"({"t":{"partitions":6,"replication":40000}})", "replication: 40000"},
      {R"({"t":{"partitions":6,"replication":1,"retention":5}})", "'retention' is not"},
      {R"({"t":{"partitions":6,"partitions":6,"replication":1}})",
       "duplicate field 't.partitions'"},
      {R"({"t":{"partitions":6,"replication":1,"config":[]}})", "config: not a JSON object"},
      {R"({"t":{"partitions":6,"replication":1,"config":{"a":null}}})", "config 'a'"},
      {R"({"t":{"partitions":6,"replication":1,"config":{"a":1,"a":2}}})",
       "duplicate field 't.config.a'"},
      {R"({"t":{"partitions":6,"replication":1,"config":{"min.insync.replicas":2}}})",
       "would accept no records"},
      {R"({"t":{"partitions":6,"replication":1},"t":{"partitions":6,"replication":1}})",
       "duplicate field 't'"},
      {R"({"a.b":{"partitions":6,"replication":1},"a_b":{"partitions":6,"replication":1}})",
       "'a_b': it is a duplicate"},
      {R"({"..":{"partitions":6,"replication":1}})", "no topic can have this name"},
      {R"({"a b":{"partitions":6,"replication":1}})", "no topic can have this name"},
      {R"({"":{"partitions":6,"replication":1}})", "no topic can have this name"},
      {"{\"" + std::string(250, 'x') + R"(":{"partitions":6,"replication":1}})",
       "no topic can have this name"},
  };
  for (const auto& [json, complaint] : files) {
    WriteFile(json);
    const Ended run = RunProgram({kTask, "--brokers", "127.0.0.1:1", "--file", file_}, {});
    EXPECT_EQ(run.exit_code, 78) << json;
    const std::string message = run.Result().Text("/error/message");
    EXPECT_NE(message.find(complaint), std::string::npos) << json << "\n" << message;
    EXPECT_NE(message.find(file_), std::string::npos) << message;
  }
}

TEST_F(KafkaCreateTopics, BadFlagsAndSettings) {
  EXPECT_EQ(
      RunProgram({kTask, "--brokers", "127.0.0.1:1", "--file", "/nowhere.json"}, {}).exit_code, 64);
  EXPECT_EQ(RunProgram({kTask}, {}).exit_code, 78) << "there is no Connection";
  EXPECT_EQ(Run("{" + Spec(topic_, 1) + "}", {"--kafka-config", "no.such=1"}).exit_code, 64);
  EXPECT_EQ(Run("{" + Spec(topic_, 1) + "}", {"--file2"}).exit_code, 64);
}

TEST_F(KafkaCreateTopics, UnreachableBrokersAreTransient) {
  WriteFile("{" + Spec(topic_, 1) + "}");
  const Ended run =
      RunProgram({kTask, "--brokers", "127.0.0.1:1", "--file", file_, "--deadline", "1.5"}, {});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_GE(run.seconds, 1.0) << "the task keeps trying";
  EXPECT_NE(run.Result().Text("/error/message").find("127.0.0.1:1"), std::string::npos);
}

TEST_F(KafkaCreateTopics, ARefusedLoginEndsAtOnce) {
  WriteFile("{" + Spec(topic_, 1) + "}");
  const Ended run =
      RunProgram({kTask, "--file", file_},
                 {{"AIRFLOW_CONN_KAFKA_DEFAULT",
                   R"({"conn_type":"kafka","extra":{"bootstrap.servers":")" + RealBrokers() +
                       R"(","security.protocol":"sasl_plaintext","sasl.mechanism":"PLAIN",)" +
                       R"("sasl.username":"steamflow","sasl.password":"correct horse"}})"}});
  EXPECT_EQ(run.exit_code, 77) << run.out;
  EXPECT_LT(run.seconds, 10);
  EXPECT_EQ((run.out + run.err).find("correct horse"), std::string::npos);
}

}  // namespace
}  // namespace steamflow::test
