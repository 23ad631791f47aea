// Changes that others make during a run: other sinks at the beginning of a month, a pool of
// sessions, open transactions, a topic that is deleted.

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "kafka_changes.h"
#include "postgres_sink_fixture.h"

namespace steamflow::test {
namespace {

class Races : public PostgresSinkTest {
 protected:
  void UseRealKafka() {
    environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://" + RealBrokers();
    CreateTopic(RealBrokers(), kDeadLetters);
  }
};

TEST_F(Races, ShardsMakeAMonthTogether) {
  for (int month = 1; month <= 8; ++month) {
    std::vector<NewMessage> messages;
    for (int i = 0; i < 40; ++i) {
      messages.push_back(
          {"k",
           "{}",
           {{"event_id", "t/2027-0" + std::to_string(month) + "-01T00:00Z/" + std::to_string(i)}},
           i % 4});
    }
    Write("t", messages);
    std::vector<std::unique_ptr<Program>> programs;
    for (const char* shard : {"0/4", "1/4", "2/4", "3/4"}) {
      programs.push_back(
          std::make_unique<Program>(Command({"--topic", "t", "--shard", shard}), environment_));
    }
    for (const auto& program : programs) {
      const Ended run = program->Wait();
      EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    }
    EXPECT_EQ(Rows("records"), std::to_string(40 * month));
  }
}

// A PgBouncer that shares a single server session among all clients.
class Pool {
 public:
  explicit Pool(const std::string& server) {
    std::filesystem::create_directories(folder_);
    const auto colon = server.find(':');
    std::ofstream(folder_ + "/users") << "\"steamflow\" \"steamflow\"\n";
    std::ofstream(folder_ + "/pgbouncer.ini")
        << "[databases]\n* = host=" << server.substr(0, colon)
        << " port=" << server.substr(colon + 1)
        << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port()
        << "\nunix_socket_dir =\nauth_type = plain\nauth_file = " << folder_
        << "/users\npool_mode = transaction\ndefault_pool_size = 1\nuser = nobody\n";
    std::filesystem::permissions(folder_, std::filesystem::perms::all);
    process_ = std::make_unique<Program>(
        std::vector<std::string>{"/usr/sbin/pgbouncer", "-q", folder_ + "/pgbouncer.ini"},
        test::Environment{});
  }
  ~Pool() {
    process_->Send(SIGTERM);
    process_->Wait();
    std::filesystem::remove_all(folder_);
  }
  static std::string port() { return std::to_string(20'000 + getpid() % 10'000); }

 private:
  const std::string folder_ =
      std::filesystem::temp_directory_path() / ("steamflow-pool." + std::to_string(getpid()));
  std::unique_ptr<Program> process_;
};

TEST_F(Races, APoolMayChangeSessionsBetweenTransactions) {
  const Pool pool(RealPostgres());
  environment_ = Environment(database_.Uri("steamflow", "steamflow", Pool::port()));
  ASSERT_TRUE(Eventually([&] { return Run({"--topic", "t"}).exit_code == 0; }));
  WriteMany("t", 25'000);
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(25'000, 0, 0));
  EXPECT_EQ(Sink(Drain({"--topic", "t", "--schema", "trial"})), Counts(25'000, 0, 0));
  EXPECT_EQ(Rows("records"), "25000");
  EXPECT_EQ(Rows("trial.records"), "25000");
}

// Nothing after the beginning of an open transaction can be read. The run does not wait for its
// end, and logs a warning.
TEST_F(Races, AnOpenTransactionIsLag) {
  UseRealKafka();
  for (const int before : {0, 3}) {
    const std::string topic = UniqueTopic("open");
    CreateTopic(RealBrokers(), topic, 1);
    if (before > 0) {
      WriteTopic(RealBrokers(), topic, std::vector<NewMessage>(3, {"k", "{}", {}, 0}));
    }
    const auto ends_at_once = [&](int inserted) {
      const auto begun = std::chrono::steady_clock::now();
      const Ended run = Run({"--topic", topic});
      EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(15));
      EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
      EXPECT_EQ(Sink(run.Result()), Counts(inserted, 0, 0));
      EXPECT_EQ(run.Result().Number("/source/topics/" + topic + "/lag"), 2);
      EXPECT_NE(run.err.find(topic + "/0: a transaction is open"), std::string::npos) << run.err;
    };
    WriteTransaction(RealBrokers(), topic, std::vector<NewMessage>(2, {"k", "{}", {}, 0}), true,
                     [&] {
                       ends_at_once(before);
                       ends_at_once(0);
                     });
    const JsonValue result = Drain({"--topic", topic});
    EXPECT_EQ(Sink(result), Counts(2, 0, 0));
    EXPECT_EQ(result.Number("/source/topics/" + topic + "/lag"), 0);
  }
}

TEST_F(Races, ADeletedTopicEndsTheRunInTime) {
  UseRealKafka();
  const std::string topic = UniqueTopic("deleted");
  CreateTopic(RealBrokers(), topic, 1);
  const std::string value = R"({"v":")" + std::string(2000, 'x') + "\"}";
  WriteTopic(RealBrokers(), topic, std::vector<NewMessage>(40'000, {"k", value, {}}));
  Drain({"--topic", topic, "--max-records", "1"});
  // Storing a batch takes long, so that the run is still reading when the topic is deleted.
  database_.Execute(R"(CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
                       $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$)");
  database_.Execute("CREATE TRIGGER t BEFORE INSERT ON records EXECUTE FUNCTION wait()");
  const auto begun = std::chrono::steady_clock::now();
  Program program(Command({"--topic", topic, "--deadline", "20"}), environment_);
  PostgresSession other(database_.name());
  ASSERT_TRUE(Eventually([&] {
    return other.Value(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' "
               "AND datname = current_database()") == "1";
  }));
  DeleteTopic(RealBrokers(), topic);
  const Ended run = program.Wait();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(25));
  EXPECT_EQ(run.exit_code, 78) << run.out << run.err;
  EXPECT_NE(run.Result().Text("/error/message").find(topic), std::string::npos);
}

}  // namespace
}  // namespace steamflow::test
