// pipeline-reconcile with a real Kafka and a real PostgreSQL, which the real sink fills.

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "postgres_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kTask[] = "pipeline-reconcile";
constexpr char kVariable[] = "STEAMFLOW_ACKNOWLEDGED";

class PipelineReconcile : public ::testing::Test {
 protected:
  PipelineReconcile() {
    CreateTopic(RealBrokers(), kDeadLetters, 3);
    CreateTopic(RealBrokers(), topic_, 2);
    environment_ = {{"AIRFLOW_CONN_POSTGRES_DEFAULT", database_.Uri()},
                    {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + RealBrokers()}};
  }

  std::string Id(int number) const {
    return topic_ + "/2026-11-22T22:34Z/" + std::to_string(number);
  }
  // Writes the records [first, first + count) of a run.
  void Write(int first, int count, const std::string& run = "r",
             const std::string& timestamp = "2026-11-22T22:34:00Z") const {
    std::vector<NewMessage> messages;
    for (int i = first; i < first + count; ++i) {
      messages.push_back({std::to_string(i),
                          R"({"timestamp":")" + timestamp + R"("})",
                          {{"event_id", Id(i)}, {"run_id", run}}});
    }
    WriteTopic(RealBrokers(), topic_, messages);
  }
  static std::string Said(const std::string& topic, const std::string& run, int acknowledged) {
    return R"({"topic":")" + topic + R"(","run_id":")" + run + R"(","acknowledged":)" +
           std::to_string(acknowledged) + "}";
  }
  void Sink(const std::vector<std::string>& flags = {}) const {
    std::vector<std::string> command{"kafka-to-postgres", "--topic", topic_};
    command.insert(command.end(), flags.begin(), flags.end());
    const Ended run = RunProgram(command, environment_);
    ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  }
  // Returns the command with a window that contains everything written until now.
  std::vector<std::string> Command(const std::vector<std::string>& flags = {}) const {
    std::vector<std::string> command{kTask, "--topic", topic_};
    for (const auto& [flag, date] :
         {std::pair("--since", "2026-01-01"), {"--until", "2126-01-01"}}) {
      if (std::find(flags.begin(), flags.end(), flag) != flags.end()) continue;
      command.insert(command.end(), {flag, date});
    }
    command.insert(command.end(), flags.begin(), flags.end());
    return command;
  }
  Ended Run(const std::vector<std::string>& flags = {}) const {
    return RunProgram(Command(flags), environment_);
  }
  // Runs the task and expects this exit code and this section of the topic.
  Ended Expect(int exit_code, const std::string& section,
               const std::vector<std::string>& flags = {}) const {
    const Ended run = Run(flags);
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    EXPECT_EQ(run.Result().Raw("/topics/" + topic_), section);
    EXPECT_EQ(run.Lines().size(), 2u) << run.out;
    EXPECT_EQ(run.Lines()[0].find(exit_code == 0 ? "ok    " + topic_ : "DIFF  " + topic_), 0u)
        << run.out;
    return run;
  }
  static std::string Postgres(int held, int missing, int pending, int dead_letters,
                              int expired = 0) {
    return R"("postgres":{"held":)" + std::to_string(held) + R"(,"missing":)" +
           std::to_string(missing) + R"(,"pending":)" + std::to_string(pending) +
           R"(,"dead_letters":)" + std::to_string(dead_letters) + R"(,"expired":)" +
           std::to_string(expired) + "}}";
  }
  static std::string Error(const Ended& run) { return run.Result().Text("/error/message"); }

  const std::string topic_ = UniqueTopic("reconciled");
  PostgresDatabase database_;
  Environment environment_;
};

TEST_F(PipelineReconcile, AllIsWhereItShouldBe) {
  Write(0, 30, "r1");
  Write(30, 20, "r2");
  Sink();
  environment_[kVariable] = "[" + Said(topic_, "r1", 10) + "," + Said(topic_, "r1", 20) + "," +
                            Said(topic_, "r2", 20) + "]";
  const Ended run = Expect(
      0, R"({"acknowledged":50,"lost":0,"kafka":50,"duplicates":0,)" + Postgres(50, 0, 0, 0));
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.Lines()[0], "ok    " + topic_ + "  kafka: 50, acknowledged: 50, postgres: 50");
  EXPECT_EQ(run.Result().Raw("/window"),
            R"({"since":"2026-01-01T00:00:00Z","until":"2126-01-01T00:00:00Z"})");
}

TEST_F(PipelineReconcile, ARowThatIsNotInPostgresIsNamed) {
  Write(0, 2500);
  Sink();
  database_.Execute("DELETE FROM records WHERE event_id = '" + Id(17) + "'");
  Ended run = Expect(65, R"({"kafka":2500,"duplicates":0,)" + Postgres(2499, 1, 0, 0));
  EXPECT_EQ(Error(run), topic_ + ": postgres does not hold 1 of the records: " + Id(17));
  database_.Execute("TRUNCATE records");
  run = Expect(65, R"({"kafka":2500,"duplicates":0,)" + Postgres(0, 2500, 0, 0));
  EXPECT_NE(Error(run).find("2500 of the records: " + topic_), std::string::npos) << Error(run);
  EXPECT_LT(Error(run).size(), 1000u) << "only some ids are named";
}

TEST_F(PipelineReconcile, WhatIsLostOfARunIsADifference) {
  Write(0, 30, "r1");
  Write(30, 20, "r2");
  environment_.erase("AIRFLOW_CONN_POSTGRES_DEFAULT");
  environment_[kVariable] =
      Said(topic_, "r1", 32) + "\n" + Said(topic_, "r2", 20) + "\n" + Said(topic_, "nobodys", 1);
  const Ended run = Expect(65, R"({"acknowledged":53,"lost":3,"kafka":50,"duplicates":0})");
  EXPECT_EQ(Error(run),
            topic_ + ": the run nobodys had 1 records acknowledged, and Kafka holds 0; " + topic_ +
                ": the run r1 had 32 records acknowledged, and Kafka holds 30");
}

TEST_F(PipelineReconcile, ARunThatWasTriedAgainHasMoreMessagesThanRecords) {
  Write(0, 20);  // by an attempt that was killed
  Write(0, 30);  // by the retry
  Sink();
  environment_[kVariable] = Said(topic_, "r", 30);
  Expect(0, R"({"acknowledged":30,"lost":0,"kafka":30,"duplicates":20,)" + Postgres(30, 0, 0, 0));
  environment_[kVariable] = Said(topic_, "r", 31);
  Expect(65, R"({"acknowledged":31,"lost":1,"kafka":30,"duplicates":20,)" + Postgres(30, 0, 0, 0));
}

// This happens with the same news of two apps.
TEST_F(PipelineReconcile, AnIdThatARunProducedTwiceIsNotLost) {
  Write(0, 20);
  Write(19, 1);
  environment_[kVariable] = Said(topic_, "r", 21);
  environment_.erase("AIRFLOW_CONN_POSTGRES_DEFAULT");
  Expect(0, R"({"acknowledged":21,"lost":0,"kafka":20,"duplicates":1})");
}

TEST_F(PipelineReconcile, WhatTheSinkHasNotReachedIsPending) {
  Write(0, 30);
  Sink({"--max-records", "10"});
  Write(30, 5);
  Expect(0, R"({"kafka":35,"duplicates":0,)" + Postgres(10, 0, 25, 0));
  // Both messages with the id count, and the first of them is due.
  Sink();
  Write(0, 3);
  Expect(0, R"({"kafka":35,"duplicates":3,)" + Postgres(35, 0, 0, 0));
  database_.Execute("TRUNCATE records, sink_offsets");
  Expect(0, R"({"kafka":35,"duplicates":3,)" + Postgres(0, 0, 35, 0));
}

TEST_F(PipelineReconcile, DeadLettersAccountForWhatTheSinkRefused) {
  Write(0, 10);
  WriteTopic(RealBrokers(), topic_,
             {{"a", "{broken", {{"event_id", Id(3)}}}, {"b", std::nullopt, {{"run_id", "r"}}}});
  Sink();
  Expect(0, R"({"kafka":12,"duplicates":0,)" + Postgres(10, 0, 0, 2));

  // The sink's position is moved past the poison, without a dead letter.
  WriteTopic(RealBrokers(), topic_, {{"c", "{broken", {}, 0}});
  const Message last = ReadTopic(RealBrokers(), topic_).back();
  database_.Execute(R"(UPDATE sink_offsets SET "offset" = "offset" + 1 WHERE partition = 0)");
  const Ended run = Expect(65, R"({"kafka":13,"duplicates":0,)" + Postgres(10, 1, 0, 2));
  EXPECT_NE(Error(run).find(": " + topic_ + "/0/"), std::string::npos) << Error(run);
}

TEST_F(PipelineReconcile, OnlyTheWindowIsCompared) {
  Write(0, 30);
  Sink();
  database_.Execute("TRUNCATE records");
  const std::string nothing = R"({"kafka":0,"duplicates":0,)" + Postgres(0, 0, 0, 0);
  Expect(0, nothing, {"--until", "2026-02-01"});
  Expect(0, nothing, {"--since", "2125-01-01"});
}

TEST_F(PipelineReconcile, TheWindowIsTheHourBeforeTheLogicalDate) {
  environment_["AIRFLOW_CTX_LOGICAL_DATE"] = "2026-11-22T22:00:00+00:00";
  environment_[kVariable] = "[]";
  environment_.erase("AIRFLOW_CONN_POSTGRES_DEFAULT");
  const Ended run = RunProgram({kTask, "--topic", topic_}, environment_);
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Raw("/window"),
            R"({"since":"2026-11-22T21:00:00Z","until":"2026-11-22T22:00:00Z"})");
  Write(0, 30);
  EXPECT_EQ(RunProgram({kTask, "--topic", topic_}, environment_).Result().Raw("/topics/" + topic_),
            R"({"acknowledged":0,"lost":0,"kafka":0,"duplicates":0})")
      << "the records are not from that hour";
}

// --keep-months may have dropped the month of old records.
TEST_F(PipelineReconcile, MonthsThatWereDroppedAreNoDifference) {
  Write(0, 10);
  WriteTopic(RealBrokers(), topic_,
             {{"old", R"({"timestamp":"2024-05-01T00:00:00Z"})", {{"event_id", "old"}}},
              {"older", R"({"timestamp":"2023-05-01T00:00:00Z"})", {{"event_id", "older"}}}});
  Sink({"--keep-months", "12"});
  Expect(0, R"({"kafka":12,"duplicates":0,)" + Postgres(10, 0, 0, 0, 2));
  // If the month of the window itself was dropped, its records are missing.
  const std::string month = database_.Value("SELECT tableoid::regclass FROM records LIMIT 1");
  database_.Execute("DROP TABLE " + month);
  Expect(65, R"({"kafka":12,"duplicates":0,)" + Postgres(0, 10, 0, 0, 2),
         {"--since", "2026-11-23"});
}

// Twice as many records as are compared at a time.
TEST_F(PipelineReconcile, MemoryDoesNotGrowWithTheTopic) {
  environment_.erase("AIRFLOW_CONN_POSTGRES_DEFAULT");
  int records = 0;
  const auto peak = [&](int until) {
    for (; records < until; records += 20'000) Write(records, 20'000);
    const std::string count = std::to_string(records);
    environment_[kVariable] = Said(topic_, "r", records);
    return Expect(0, R"({"acknowledged":)" + count + R"(,"lost":0,"kafka":)" + count +
                         R"(,"duplicates":0})")
        .peak_rss_kib;
  };
  const long once = peak(240'000);
  const long many_times = peak(500'000);
  EXPECT_LT(static_cast<double>(many_times), 1.2 * static_cast<double>(once));
  EXPECT_LT(many_times, 64 * 1024);
}

TEST_F(PipelineReconcile, TakesTheResultsOfSources) {
  const standin::Standin steam({"--key", kApiKey});
  const std::string file = std::filesystem::temp_directory_path() / (topic_ + ".json");
  const Ended source =
      RunProgram({kCountsTask, "--topic", topic_, "--xcom-file", file, "--brokers", RealBrokers()},
                 {{"AIRFLOW_VAR_STEAM_API_URL", steam.url()}, {"AIRFLOW_CTX_DAG_RUN_ID", kRunId}});
  ASSERT_EQ(source.exit_code, 0) << source.out << source.err;
  const int count = static_cast<int>(source.Result().Number("/kafka/acknowledged"));
  ASSERT_GT(count, 0);
  Sink();
  Expect(0,
         R"({"acknowledged":)" + std::to_string(count) + R"(,"lost":0,"kafka":)" +
             std::to_string(count) + R"(,"duplicates":0,)" + Postgres(count, 0, 0, 0),
         {"--acknowledged", file});
  std::filesystem::remove(file);
}

TEST_F(PipelineReconcile, SettingsAreCheckedBeforeAnything) {
  environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://127.0.0.1:1";
  for (const auto& [flag, value] :
       std::map<std::string, std::string>{{"--since", "yesterday"},
                                          {"--until", "2025-12-31"},  // before --since
                                          {"--topic", "no/name"},
                                          {"--acknowledged", "/nowhere/at/all"},
                                          {"--postgres-url", "postgres://u:s3cret@h/d"},
                                          {"--index-prefix", "NO"}}) {
    const Ended run = Run({flag, value});
    EXPECT_EQ(run.exit_code, 64) << flag << run.out;
    EXPECT_NE(Error(run).find(flag == "--until" ? "--since" : flag), std::string::npos) << run.out;
  }
  EXPECT_EQ(Run({"--postgres-conn-id", "nobodys"}).exit_code, 78) << "the flag requires it";
  environment_[kVariable] = "what?";
  EXPECT_EQ(Run().exit_code, 78);
  environment_.erase(kVariable);
  environment_.erase("AIRFLOW_CONN_POSTGRES_DEFAULT");
  EXPECT_NE(Error(Run()).find("nothing to compare"), std::string::npos);
  EXPECT_EQ(Run().exit_code, 78);
}

TEST_F(PipelineReconcile, EndsAsItsServersDo) {
  EXPECT_EQ(Run().exit_code, 78) << "there are no tables";
  Sink();
  EXPECT_EQ(Run({"--topic", "nobodys"}).exit_code, 78);
  EXPECT_EQ(Run({"--brokers", "127.0.0.1:1", "--deadline", "1.5"}).exit_code, 75);
  environment_["AIRFLOW_CONN_POSTGRES_DEFAULT"] = database_.Uri("steamflow", "steamflow", "1");
  EXPECT_EQ(Run().exit_code, 75);
  environment_["AIRFLOW_CONN_POSTGRES_DEFAULT"] = database_.Uri("steamflow", "s3cret");
  const Ended run = Run();
  EXPECT_EQ(run.exit_code, 77);
  EXPECT_EQ((run.out + run.err).find("s3cret"), std::string::npos);
  environment_["AIRFLOW_CONN_POSTGRES_DEFAULT"] = database_.Uri();
  environment_["AIRFLOW_CONN_ELASTICSEARCH_DEFAULT"] = "http://127.0.0.1:1";
  EXPECT_EQ(Run({"--retries", "0"}).exit_code, 75);
}

// stdin is a pipe that is never closed.
TEST_F(PipelineReconcile, StdinIsNotWaitedForPastTheDeadlineOrASignal) {
  const std::string name = std::filesystem::temp_directory_path() / (topic_ + ".pipe");
  ASSERT_EQ(mkfifo(name.c_str(), 0600), 0);
  const int pipe = open(name.c_str(), O_RDWR | O_CLOEXEC);
  std::filesystem::remove(name);
  std::vector<std::string> command = Command({"--acknowledged", "-"});
  command[0] = BinaryPath(kTask);
  const std::string stdin_of_ours =
      "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(pipe);
  command.insert(command.begin(), {"/bin/bash", "-c", R"(exec "$@" <"$0")", stdin_of_ours});
  std::vector<std::string> hasty = command;
  hasty.insert(hasty.end(), {"--deadline", "0.5"});
  EXPECT_EQ(RunProgram(hasty, environment_).exit_code, 75);

  Program program(command, environment_);
  ASSERT_EQ(write(pipe, "\n", 1), 1);
  ASSERT_TRUE(Eventually([&] {
    int unread = -1;
    return ioctl(pipe, FIONREAD, &unread) == 0 && unread == 0;
  }));
  program.Send(SIGTERM);
  EXPECT_EQ(program.Wait().exit_code, 143);
  close(pipe);
}

}  // namespace
}  // namespace steamflow::test
