#include <csignal>
#include <filesystem>
#include <fstream>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kTask[] = "kafka-load-test";

// A real Kafka, and a topic that only this test uses.
class KafkaLoadTest : public ::testing::Test {
 protected:
  KafkaLoadTest() : file_(std::filesystem::temp_directory_path() / (topic_ + ".jsonl")) {}
  ~KafkaLoadTest() override { std::filesystem::remove(file_); }

  // Writes a file with `count` records of `bytes` bytes each, which have `keys` different keys.
  void WriteFile(int count, int keys, std::size_t bytes = 100) const {
    std::ofstream file(file_);
    for (int i = 0; i < count; ++i) {
      file << R"({"topic":"t","key":"k)" << i % keys
           << R"(","event_id":"e","headers":{},"value":{"n":)" << i << R"(,"text":")"
           << std::string(bytes, 'x') << "\"}}\n";
    }
  }
  static std::string Value(int i, std::size_t bytes = 100) {
    return R"({"n":)" + std::to_string(i) + R"(,"text":")" + std::string(bytes, 'x') + "\"}";
  }
  void MakeTopic(int partitions = 3, std::map<std::string, std::string> config = {}) const {
    config.emplace("retention.bytes", "100000000");
    CreateTopic(RealBrokers(), topic_, partitions, config);
  }

  Ended Run(const std::vector<std::string>& flags) const {
    std::vector<std::string> command{kTask, "--brokers", RealBrokers(), "--topic", topic_};
    command.insert(command.end(), flags.begin(), flags.end());
    return RunProgram(command, {{"AIRFLOW_CTX_DAG_RUN_ID", kRunId}});
  }

  const std::string topic_ = UniqueTopic("load");
  const std::string file_;
};

TEST_F(KafkaLoadTest, ProducesEachRecordOfAFileSoManyTimes) {
  MakeTopic();
  WriteFile(50, 20);
  const Ended run = Run({"--from-file", file_, "--factor", "40"});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "");
  const JsonValue result = run.Result();
  EXPECT_EQ(result.Number("/kafka/records"), 2000);
  EXPECT_EQ(result.Number("/kafka/acknowledged"), 2000);
  EXPECT_GT(result.Number("/load/records_per_second"), 0);
  EXPECT_GT(result.Number("/load/bytes_per_second"), 0);
  EXPECT_LE(result.Real("/load/latency_ms/p50"), result.Real("/load/latency_ms/p99"));
  EXPECT_LE(result.Real("/load/latency_ms/p99"), result.Real("/load/latency_ms/max"));
  EXPECT_EQ(result.Number("/load/failed"), 0);

  const auto messages = ReadTopic(RealBrokers(), topic_);
  EXPECT_EQ(EventIdsOnce(messages).size(), 2000u);
  EXPECT_EQ(EventIds(messages).count(topic_ + "/" + kMinute + "/1999"), 1u);
  std::map<std::string, int> values;
  std::map<std::int32_t, int> partitions;
  std::int64_t bytes = 0;
  for (const Message& message : messages) {
    ++values[message.value];
    ++partitions[message.partition];
    bytes += static_cast<std::int64_t>(message.key.size() + message.value.size());
  }
  EXPECT_EQ(values.size(), 50u);
  EXPECT_EQ(values[Value(7)], 40);
  EXPECT_EQ(result.Number("/kafka/bytes"), bytes);
  // The reported distribution is the one in Kafka.
  ASSERT_EQ(result.Size("/load/partitions"), 3u);
  for (const auto& [partition, count] : partitions) {
    EXPECT_EQ(result.Number("/load/partitions/" + std::to_string(partition)), count);
  }
  EXPECT_EQ(result.Raw("/load/brokers"), R"({"1":2000})");
}

TEST_F(KafkaLoadTest, TakesRealRecordsFromATopic) {
  const std::string source = UniqueTopic("source");
  CreateTopic(RealBrokers(), source, 1);
  std::vector<NewMessage> records{{"gone", std::nullopt, {}}};  // a tombstone, which is skipped
  for (int i = 0; i < 30; ++i) records.push_back({"k" + std::to_string(i), Value(i), {}});
  WriteTopic(RealBrokers(), source, records);
  MakeTopic();
  const Ended run = Run({"--from", source, "--sample", "10", "--factor", "3"});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  std::map<std::string, int> values;
  for (const Message& message : ReadTopic(RealBrokers(), topic_)) ++values[message.value];
  EXPECT_EQ(values.size(), 10u);
  EXPECT_EQ(values[Value(9)], 3);

  const std::string empty = UniqueTopic("empty");
  CreateTopic(RealBrokers(), empty, 1);
  EXPECT_EQ(Run({"--from", empty}).exit_code, 99) << "there is nothing to copy";
}

TEST_F(KafkaLoadTest, KeepsToTheRate) {
  MakeTopic();
  WriteFile(10, 10);
  const Ended run = Run({"--from-file", file_, "--factor", "10", "--rate", "100"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_GE(run.seconds, 0.9) << "the 100th record is due after 0.99 s";
  EXPECT_LE(run.Result().Number("/load/records_per_second"), 110);
  EXPECT_EQ(run.Result().Number("/kafka/acknowledged"), 100);
}

TEST_F(KafkaLoadTest, WarnsOfWhatTheTopicWouldNotSurvive) {
  CreateTopic(RealBrokers(), topic_, 1, {{"retention.bytes", "-1"}});
  WriteFile(10, 1);
  const std::vector<std::string> flags{"--from-file",         file_, "--factor", "2",
                                       "--broker-free-bytes", "100"};
  const Ended warned = Run(flags);
  EXPECT_EQ(warned.exit_code, 0) << warned.out;
  for (const char* danger :
       {"the key 'k0' has 100%", "has no limit", "to a broker that has 100 bytes free"}) {
    EXPECT_NE(warned.err.find(danger), std::string::npos) << danger << "\n" << warned.err;
  }
  EXPECT_EQ(warned.Result().Number("/kafka/acknowledged"), 20);

  auto strictly = flags;
  strictly.emplace_back("--strict");
  const Ended refused = Run(strictly);
  EXPECT_EQ(refused.exit_code, 78) << refused.out;
  EXPECT_NE(refused.Result().Text("/error/message").find("the key 'k0'"), std::string::npos);
  EXPECT_EQ(ReadTopic(RealBrokers(), topic_).size(), 20u) << "nothing was added";
}

TEST_F(KafkaLoadTest, RecordsThatAreTooLargeAreCounted) {
  MakeTopic(1, {{"max.message.bytes", "3000"}});
  WriteFile(4, 4, 100);
  std::ofstream(file_, std::ios::app)
      << R"({"key":null,"value":")" << std::string(5000, 'y') << "\"}\n";
  const Ended run = Run({"--from-file", file_, "--factor", "5"});
  EXPECT_EQ(run.exit_code, 65) << run.out << run.err;
  EXPECT_EQ(run.Result().Number("/load/refused"), 5);
  EXPECT_EQ(run.Result().Number("/kafka/acknowledged"), 20);
  EXPECT_EQ(ReadTopic(RealBrokers(), topic_).size(), 20u);
}

TEST_F(KafkaLoadTest, TheDeadlineAndASignalEndItWithWhatIsDone) {
  MakeTopic();
  WriteFile(10, 10);
  const std::vector<std::string> forever{"--from-file", file_,    "--factor",
                                         "100000",      "--rate", "50"};
  auto flags = forever;
  flags.insert(flags.end(), {"--deadline", "5"});
  const Ended late = Run(flags);
  EXPECT_EQ(late.exit_code, 75) << late.out;
  const auto done = late.Result().Number("/kafka/acknowledged");
  const std::int64_t there = std::ssize(ReadTopic(RealBrokers(), topic_));
  EXPECT_GE(there, done);  // the last ones may have arrived without a response in time
  EXPECT_LE(there, late.Result().Number("/kafka/records"));
  EXPECT_GT(done, 0);

  std::vector<std::string> command{kTask, "--brokers", RealBrokers(), "--topic", topic_};
  command.insert(command.end(), forever.begin(), forever.end());
  Program program(command, {});
  EXPECT_TRUE(Eventually([&] { return std::ssize(ReadTopic(RealBrokers(), topic_)) > there; }));
  program.Send(SIGTERM);
  const Ended stopped = program.Wait();
  EXPECT_EQ(stopped.exit_code, 143) << stopped.out;
  EXPECT_EQ(stopped.Result().Number("/kafka/acknowledged"),
            stopped.Result().Number("/kafka/records"));
}

// Neither with 20 nor with 400 MiB does the task hold more than the producer's queue.
TEST_F(KafkaLoadTest, MemoryDoesNotGrowWithTheLoad) {
  MakeTopic(3, {{"retention.bytes", "10000000"}, {"segment.bytes", "10000000"}});
  WriteFile(1000, 1000, 1000);
  const Ended little = Run({"--from-file", file_, "--factor", "20"});
  const Ended much = Run({"--from-file", file_, "--factor", "200"});
  ASSERT_EQ(little.exit_code, 0) << little.out;
  ASSERT_EQ(much.exit_code, 0) << much.out;
  EXPECT_LT(much.peak_rss_kib, 64 << 10);
  EXPECT_LT(much.peak_rss_kib, little.peak_rss_kib * 6 / 5 + 4096);
}

TEST_F(KafkaLoadTest, WrongUseIsRefused) {
  EXPECT_EQ(Run({"--from-file", "/nowhere"}).exit_code, 64);
  EXPECT_EQ(Run({"--factor", "0"}).exit_code, 64);
  EXPECT_EQ(Run({"--rate", "0"}).exit_code, 64);
  std::ofstream(file_) << "{\"key\":\"k\",\"value\":1}\nnot a record\n";
  const Ended broken = Run({"--from-file", file_});
  EXPECT_EQ(broken.exit_code, 65);
  EXPECT_NE(broken.Result().Text("/error/message").find("line 2"), std::string::npos);
  WriteFile(1, 1);
  const Ended missing = Run({"--from-file", file_});
  EXPECT_EQ(missing.exit_code, 78) << "the topic does not exist";
  EXPECT_NE(missing.Result().Text("/error/message").find(topic_), std::string::npos);
  EXPECT_EQ(
      RunProgram({kTask, "--brokers", "127.0.0.1:1", "--from-file", file_, "--deadline", "1.5"}, {})
          .exit_code,
      75);
}

}  // namespace
}  // namespace steamflow::test
