// Nothing outlives its run: at most 5 s after the deadline or a signal the result line is written
// and the process has ended, even if a library is still waiting for something.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include "kafka_changes.h"
#include "postgres_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kHangingHost[] = "name.invalid";  // the slow resolver takes 30 s for this name

// A server on loopback for one client at a time. It sends each client its greeting and then a byte
// a second, and reads nothing.
class DrippingServer {
 public:
  explicit DrippingServer(std::string greeting)
      : greeting_(std::move(greeting)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, generic, size) != 0 || listen(listener_, 8) != 0 ||
        getsockname(listener_, generic, &size) != 0) {
      throw std::runtime_error("there is no free port on loopback");
    }
    port_ = std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { Serve(); });
  }
  ~DrippingServer() {
    is_over_ = true;
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  std::string address() const { return "127.0.0.1:" + port_; }

 private:
  void Serve() {
    while (!is_over_) {
      const int client = accept(listener_, nullptr, nullptr);
      if (client < 0) continue;
      send(client, greeting_.data(), greeting_.size(), MSG_NOSIGNAL);
      while (!is_over_ && send(client, "1", 1, MSG_NOSIGNAL) == 1) {
        std::this_thread::sleep_for(std::chrono::seconds(1));
      }
      close(client);
    }
  }

  const std::string greeting_;
  const int listener_;
  std::string port_;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

class Deadline : public TaskTest {
 protected:
  // Expects that the program ends a little after its deadline, in time to say why.
  Ended ExpectEnd(const std::vector<std::string>& command, int exit_code, double within = 3.9) {
    auto with_deadline = command;
    with_deadline.insert(with_deadline.end(), {"--deadline", "3"});
    const Ended run = Run(with_deadline);
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    EXPECT_EQ(run.Result().Number("/exit_code"), exit_code);
    EXPECT_LT(run.seconds, within) << run.out;
    return run;
  }

  // Expects that a signal ends the program within 5 s, with the signal's exit code.
  void ExpectEndAfterSignal(const std::vector<std::string>& command, int signal = SIGTERM,
                            int exit_code = 143) {
    Program program(command, environment_);
    ASSERT_TRUE(Eventually([&] { return TakesSignals(program.pid()); }));
    const auto sent = std::chrono::steady_clock::now();
    program.Send(signal);
    const Ended run = program.Wait();
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    EXPECT_EQ(run.Result().Number("/exit_code"), exit_code);
    EXPECT_TRUE(run.Result().Bool("/retryable"));
    EXPECT_LT(std::chrono::steady_clock::now() - sent, std::chrono::milliseconds(5200)) << run.out;
  }

  void UseSlowResolver(const std::string& connection, const std::string& type) {
    environment_["LD_PRELOAD"] = SLOW_RESOLVER;
    environment_[connection] = type + "://" + kHangingHost + "/";
  }
};

TEST_F(Deadline, HoldsWhereTheNameOfRedisIsLookedUp) {
  UseSlowResolver("AIRFLOW_CONN_REDIS_DEFAULT", "redis");
  for (const char* task : {kGamesTask, kPlayersTask, kNewsTask}) {
    const Ended run = ExpectEnd({task}, 75);
    EXPECT_NE(run.Result().Text("/error/message").find("Redis at name.invalid"), std::string::npos)
        << run.out;
  }
  EXPECT_EQ(Requests(), 0u);
  ExpectEndAfterSignal({kPlayersTask});
  ExpectEndAfterSignal({kPlayersTask}, SIGINT, 130);
}

TEST_F(Deadline, HoldsWhereTheNameOfKafkaIsLookedUp) {
  UseSlowResolver("AIRFLOW_CONN_KAFKA_DEFAULT", "kafka");
  const PostgresDatabase database;
  environment_["AIRFLOW_CONN_POSTGRES_DEFAULT"] = database.Uri();
  for (const char* task : {kCountsTask, "kafka-create-topics", "kafka-to-postgres"}) {
    ExpectEnd({task}, 75, 4.5);
  }
  ExpectEndAfterSignal({kCountsTask});
  ExpectEndAfterSignal({"kafka-create-topics"});
  ExpectEndAfterSignal({"kafka-to-postgres"});
}

TEST_F(Deadline, HoldsWhereTheNameOfPostgresIsLookedUp) {
  UseSlowResolver("AIRFLOW_CONN_POSTGRES_DEFAULT", "postgres");
  const Ended run = ExpectEnd({"kafka-to-postgres"}, 75);
  EXPECT_NE(run.Result().Text("/error/message").find("PostgreSQL"), std::string::npos) << run.out;
  ExpectEndAfterSignal({"kafka-to-postgres"});
}

TEST_F(Deadline, HoldsWhereTheNameOfAnHttpServerIsLookedUp) {
  UseSlowResolver("AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", "elasticsearch");
  ExpectEnd({"kafka-to-elasticsearch"}, 75);
  ExpectEndAfterSignal({"kafka-to-elasticsearch"});
  environment_["AIRFLOW_VAR_STEAM_API_URL"] = std::string("https://") + kHangingHost;
  ExpectEnd({kCountsTask}, 75);
  ExpectEndAfterSignal({kCountsTask});
}

TEST_F(Deadline, HoldsWhereRedisSendsAByteASecond) {
  const DrippingServer server("$1000000\r\n");
  environment_["AIRFLOW_CONN_REDIS_DEFAULT"] = "redis://" + server.address() + "/0";
  ExpectEnd({kPlayersTask}, 75);
  ExpectEndAfterSignal({kPlayersTask});
}

// In this case librdkafka 2.0.2 waits forever in its shutdown.
TEST_F(Deadline, HoldsWhereATopicIsDeletedWhileItIsDrained) {
  const std::string topic = UniqueTopic("deleted");
  CreateTopic(RealBrokers(), topic, 3);
  CreateTopic(RealBrokers(), kDeadLetters);
  const std::string value = R"({"text":")" + std::string(2'000, 'x') + "\"}";
  WriteTopic(RealBrokers(), topic, std::vector<NewMessage>(40'000, {std::nullopt, value, {}}));
  PostgresDatabase database;
  environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://" + RealBrokers();
  environment_["AIRFLOW_CONN_POSTGRES_DEFAULT"] = database.Uri();
  Program program({"kafka-to-postgres", "--topic", topic, "--deadline", "12"}, environment_);
  ASSERT_TRUE(Eventually([&] {
    return database.Value("SELECT count(*) FROM pg_class WHERE relname = 'records'") == "1" &&
           database.Value("SELECT count(*) > 0 FROM steamflow.records") == "t";
  }));
  DeleteTopic(RealBrokers(), topic);
  const Ended run = program.Wait();
  EXPECT_LT(run.seconds, 17) << run.out;
  EXPECT_EQ(run.Result().Number("/exit_code"), run.exit_code) << run.out << run.err;
}

TEST_F(Deadline, ASignalWhileRedisIsSilentIs143) {
  redis_.process().Send(SIGSTOP);
  ExpectEndAfterSignal({kPlayersTask});
  redis_.process().Send(SIGCONT);
}

TEST_F(Deadline, HoldsWhereNobodyReadsStdout) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  // The pipe is full and takes no more bytes.
  const std::string shell = "head -c 65536 /dev/zero >&" + std::to_string(ends[1]) +
                            "; exec \"$0\" \"$@\" >&" + std::to_string(ends[1]);
  Program program(
      {"/bin/bash", "-c", shell, BinaryPath(kCountsTask), "--sink", "stdout", "--deadline", "2"},
      environment_);
  const Ended run = program.Wait(std::chrono::seconds(30));
  EXPECT_EQ(run.exit_code, 74);
  EXPECT_LT(run.seconds, 7.5);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace steamflow::test
