// The API key and the passwords are in the environment of the process and nowhere else.

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kPassword[] = "pa$$ w0rd/@:%";
constexpr char kQuoted[] = "pa%24%24%20w0rd%2F%40%3A%25";  // the same in a URI

class Secrets : public TaskTest {
 protected:
  Secrets() : locked_(kPassword) {
    environment_["AIRFLOW_CONN_REDIS_DEFAULT"] =
        std::string("redis://:") + kQuoted + "@127.0.0.1:" + std::to_string(locked_.port());
  }

  static void ExpectNoSecret(const std::string& text) {
    for (const char* secret : {kApiKey, kPassword, kQuoted, "w0rd"}) {
      EXPECT_EQ(text.find(secret), std::string::npos) << secret << " in:\n" << text;
    }
  }
  Ended RunAtDebug(std::vector<std::string> command) {
    command.insert(command.end(), {"--log-level", "debug"});
    const Ended run = Run(command);
    ExpectNoSecret(run.out);
    ExpectNoSecret(run.err);
    return run;
  }

  RedisServer locked_;
};

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(Secrets, AreInNoOutputOfASuccess) {
  const std::string path = std::filesystem::temp_directory_path() / UniqueTopic("xcom");
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames"},"kind":"status","status":500,"times":3})");
  EXPECT_EQ(RunAtDebug({kGamesTask, "--xcom-file", path}).exit_code, 0);
  ExpectNoSecret(Content(path));
  std::filesystem::remove(path);
  for (const auto& message : Topic(kGamesTopic)) {
    for (const auto& [name, value] : message.headers) ExpectNoSecret(value);
  }
}

TEST_F(Secrets, AreInNoOutputOfAFailure) {
  for (const char* fault :
       {R"("kind":"key_refused_403")", R"("kind":"edge_block")", R"("kind":"broken_json")",
        R"("kind":"redirect","location":"http://127.0.0.1:1/")", R"("kind":"status","status":500)",
        R"("kind":"silence")"}) {
    SCOPED_TRACE(fault);
    standin_.ClearFaults();
    Fault("{" + std::string(fault) + R"(,"times":-1})");
    EXPECT_NE(RunAtDebug({kGamesTask, "--deadline", "1", "--retries", "1"}).exit_code, 0);
  }
}

// A server repeats the key in its error page.
TEST_F(Secrets, AreRedactedWhereAServerEchoesThem) {
  const std::uint64_t id = PublicIds(accounts_, kFirstGamesId, 100)[0];
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames","steamid":")" + ToText(id) +
        R"("},"kind":"status","status":500,"times":-1,"body":"your key is )" + kApiKey + R"("})");
  for (int run = 0; run < 4; ++run) RunAtDebug({kGamesTask, "--retries", "0"});
  // In the fifth run, an hour after the first, the id is passed.
  locked_.Command({"HSET", "last_steam_id:failures", ToText(id), "4/" + MinuteFromNow(-60)});
  RunAtDebug({kGamesTask, "--retries", "0"});
  const auto letters = Topic(kDeadLetters);
  ASSERT_EQ(letters.size(), 1u);
  for (const auto& [name, value] : letters[0].headers) ExpectNoSecret(value);
}

TEST_F(Secrets, AreInNoMessageOfABrokenConnection) {
  const std::string port = std::to_string(locked_.port());
  for (const auto& uri :
       {std::string("redis://:") + kQuoted + "@127.0.0.1:port",
        std::string("redis://:") + kQuoted + "@127.0.0.1:" + port + "/db",
        std::string("http://:") + kQuoted + "@127.0.0.1:" + port,
        std::string("redis://:") + kQuoted + "x@127.0.0.1:" + port,
        std::string(R"({"conn_type":"redis","password":")") + kPassword, std::string(kPassword)}) {
    environment_["AIRFLOW_CONN_REDIS_DEFAULT"] = uri;
    EXPECT_NE(RunAtDebug({kPlayersTask}).exit_code, 0);
    const Ended flag = RunProgram({kPlayersTask, "--redis-url", uri}, environment_);
    EXPECT_EQ(flag.exit_code, 64) << flag.out;
    ExpectNoSecret(flag.out + flag.err);
  }
}

TEST_F(Secrets, OfKafkaAreInNoOutput) {
  environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] =
      R"({"conn_type":"kafka","extra":{"bootstrap.servers":")" + kafka_.brokers() +
      R"(","security.protocol":"sasl_plaintext","sasl.mechanism":"PLAIN",)"
      R"("sasl.username":"me","sasl.password":")" +
      kPassword + R"("}})";
  const Ended run = RunAtDebug({kPlayersTask, "--deadline", "3"});
  EXPECT_TRUE(run.exit_code == 75 || run.exit_code == 77) << run.out;
  EXPECT_EQ(locked_.Get("last_user_id"), ToText(kFirstPlayersId)) << "the walk has not moved";
}

TEST_F(Secrets, AreInTheEnvironmentOnlyAndTheKeyTravelsInAHeader) {
  Fault(R"({"kind":"silence","times":-1})");
  Program program({kGamesTask}, environment_);
  ASSERT_TRUE(Eventually([&] { return Requests() == 1; }));
  const std::filesystem::path proc = "/proc/" + std::to_string(program.pid());
  ExpectNoSecret(Content(proc / "cmdline"));
  ExpectNoSecret(Content(proc / "comm"));
  program.Send(SIGTERM);
  ExpectNoSecret(program.Wait().out);
  EXPECT_EQ(Journal().Text("/0/key_in"), "header");
}

TEST_F(Secrets, KeyGoesOnlyWhereItIsNeeded) {
  EXPECT_EQ(Run({kCountsTask}).exit_code, 0);
  EXPECT_EQ(Run({kNewsTask, "--sink", "stdout"}).exit_code, 0);
  const JsonValue journal = Journal();
  ASSERT_EQ(journal.Size(""), 4u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(journal.Text("/" + std::to_string(i) + "/key_in"), "none");
  }
}

// Files in /proc that belong to root although the process does not: this is how the kernel shows
// that the process cannot be dumped or traced.
TEST_F(Secrets, ProcessCannotBeDumped) {
  Fault(R"({"kind":"silence","times":-1})");
  std::vector<std::string> command{BinaryPath(kGamesTask)};
  if (geteuid() == 0) {
    command.insert(command.begin(),
                   {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"});
  }
  Program program(command, environment_);
  ASSERT_TRUE(Eventually([&] { return Requests() == 1; })) << program.Err();
  struct stat environ {};
  ASSERT_EQ(stat(("/proc/" + std::to_string(program.pid()) + "/environ").c_str(), &environ), 0);
  EXPECT_EQ(environ.st_uid, 0u);
  program.Send(SIGTERM);
  program.Wait();
}

}  // namespace
}  // namespace steamflow::test
