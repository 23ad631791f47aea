// connect-apply with a real Kafka Connect, whose sink writes into a real PostgreSQL.

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "postgres_server.h"
#include "scripted_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kTask[] = "connect-apply";
constexpr char kPassword[] = "steamflow";  // of the superuser

// A worker on RealBrokers that only this test uses. A shell beside it waits for the end of its
// input.
class OwnConnect {
 public:
  OwnConnect()
      : process_({"/bin/bash", "-c",
                  "trap : TERM; \"$0\" start \"$1\" --brokers \"$2\"; read -r _; \"$0\" stop "
                  "\"$1\"; rm -rf \"$1\"",
                  CONNECT_SERVICE, folder_, RealBrokers()}),
        url_(process_.ReadLine()) {
    if (url_.empty()) throw std::runtime_error("Kafka Connect does not start");
  }
  const std::string& url() const { return url_; }

  void Kill() const { standin::ChildProcess({CONNECT_SERVICE, "kill", folder_}).Wait(); }
  void StartAgain() const {
    standin::ChildProcess({CONNECT_SERVICE, "start", folder_, "--brokers", RealBrokers()}).Wait();
  }

 private:
  const std::string folder_ =
      std::filesystem::temp_directory_path() / UniqueTopic("steamflow-connect");
  standin::ChildProcess process_;
  const std::string url_;
};

// Returns the address of a real Kafka Connect on RealBrokers: STEAMFLOW_TEST_CONNECT, or one that
// this test binary starts.
const std::string& RealConnect() {
  static const std::string given = [] {
    const char* url = std::getenv("STEAMFLOW_TEST_CONNECT");
    return std::string(url ? url : "");
  }();
  if (!given.empty()) return given;
  static const OwnConnect own;
  return own.url();
}

// A folder of connectors, and a topic and a database that only this test uses.
class ConnectApply : public ::testing::Test {
 protected:
  ConnectApply() : folder_(std::filesystem::temp_directory_path() / name_) {
    std::filesystem::create_directory(folder_);
    CreateTopic(RealBrokers(), topic_, 2);
    CreateTopic(RealBrokers(), kDeadLetters, 3);
  }
  ~ConnectApply() override {
    std::filesystem::remove_all(folder_);
    Ask("DELETE", "/connectors/" + name_);
  }

  static std::string Ask(const std::string& method, const std::string& path) {
    return RunProgram({CURL_PROGRAM, "-sS", "-X", method, RealConnect() + path}, {}).out;
  }

  // Writes the shipped connector with this test's topic. Each pair of `changes` replaces its first
  // text with its second.
  void WriteConnector(const std::vector<std::pair<std::string, std::string>>& changes = {}) const {
    std::ifstream shipped(std::string(CONNECTORS) + "/steam-postgres.json");
    std::string text{std::istreambuf_iterator<char>(shipped), {}};
    std::vector<std::pair<std::string, std::string>> all{
        {"topic_currPlayer,rct_plyd_games,topic_GetUserInfo,steamusers,steam_news", topic_},
        {R"(replication.factor": "3")", R"(replication.factor": "1")"}};
    all.insert(all.end(), changes.begin(), changes.end());
    for (const auto& [from, to] : all) {
      ASSERT_NE(text.find(from), std::string::npos) << from;
      text.replace(text.find(from), from.size(), to);
    }
    std::ofstream(folder_ / (name_ + ".json")) << text;
  }

  Environment Settings() const {
    return {{"AIRFLOW_CONN_CONNECT_DEFAULT", RealConnect()},
            {"AIRFLOW_VAR_CONNECT_POSTGRES_ADDRESS", RealPostgres() + "/" + database_.name()},
            {"CONNECT_POSTGRES_USER", "steamflow"},
            {"AIRFLOW_VAR_CONNECT_POSTGRES_PASSWORD", kPassword}};
  }
  Ended Run(const std::vector<std::string>& flags = {}) const { return Run(flags, Settings()); }
  Ended Run(const std::vector<std::string>& flags, const Environment& settings) const {
    std::vector<std::string> command{kTask, "--connectors", folder_.string()};
    command.insert(command.end(), flags.begin(), flags.end());
    return RunProgram(command, settings);
  }

  // Writes records of the events from 0 up to `end`. With a `run`, every other record has the
  // headers of a DAG's run; a run at a shell has no DAG.
  void WriteRecords(int end, const std::string& value, const std::string& run = "") const {
    std::vector<NewMessage> records;
    for (int id = 0; id < end; ++id) {
      auto& record = records.emplace_back();
      record.key = "570";
      record.value = value;
      record.headers = {{"event_id", topic_ + "/" + std::to_string(id)},
                        {"content-type", "application/json"}};
      if (!run.empty() && id % 2 == 0) record.headers.insert({{"dag_id", "d"}, {"run_id", run}});
    }
    WriteTopic(RealBrokers(), topic_, records);
  }
  // Selects from the sink's table. Returns "error" if it does not exist.
  std::string Rows(const std::string& what = "count(*)") {
    try {
      return database_.Value("SELECT " + what + " FROM public.connect_records");
    } catch (const std::runtime_error&) {
      return "error";
    }
  }

  const std::string topic_ = UniqueTopic("connect");
  const std::string name_ = topic_;
  PostgresDatabase database_;
  const std::filesystem::path folder_;
};

TEST_F(ConnectApply, TheShippedPostgresSinkStoresEachEventOnce) {
  WriteConnector();
  const Ended run = Run();
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.Result().Raw("/connectors/0"),
            R"({"name":")" + name_ +
                R"(","action":"created","state":"RUNNING","tasks":1,"running":1,"drift":[]})");
  WriteRecords(20, R"({"appid":570,"n":1})", "first");
  EXPECT_TRUE(Eventually([&] { return Rows() == "20"; })) << Rows();
  EXPECT_EQ(Rows("sum((value::jsonb->>'n')::int)"), "20");
  EXPECT_EQ(Rows("DISTINCT source_topic"), topic_);

  // Writes the same events again and one more, which shows that they were read.
  WriteRecords(21, R"({"n":1000})", "second");
  EXPECT_TRUE(Eventually([&] { return Rows("sum((value::jsonb->>'n')::int)") == "21000"; }));
  EXPECT_EQ(Rows(), "21");
  EXPECT_EQ(Run().Result().Text("/connectors/0/action"), "unchanged");
}

// A poison record stops nothing: it becomes a dead letter, and has an event id once it is replayed.
TEST_F(ConnectApply, ARecordWithoutAnEventIdBecomesADeadLetterThatCanBeReplayed) {
  WriteConnector();
  ASSERT_EQ(Run().exit_code, 0);
  WriteTopic(RealBrokers(), topic_, {{"570", R"({"n":1})", {}, 1}});
  WriteRecords(1, R"({"n":2})");
  EXPECT_TRUE(Eventually([&] { return Rows() == "1"; }));
  const std::vector<std::string> letters{"kafka-dead-letters", "--brokers", RealBrokers(),
                                         "--source-topic", topic_};
  EXPECT_TRUE(
      Eventually([&] { return RunProgram(letters, {}).Result().Number("/letters/open") == 1; }));
  auto replay = letters;
  replay.emplace_back("--replay");
  EXPECT_EQ(RunProgram(replay, {}).exit_code, 0);
  EXPECT_TRUE(Eventually([&] { return Rows() == "2"; }));
  EXPECT_EQ(Rows("min(event_id)"), topic_ + "/0");
  EXPECT_EQ(Rows("max(event_id)"), topic_ + "/1/0")
      << "the topic, partition and offset of the first record";
}

TEST_F(ConnectApply, DriftIsReportedAndChangedOnlyWhenAsked) {
  WriteConnector();
  ASSERT_EQ(Run().exit_code, 0);
  WriteConnector(
      {{R"("tasks.max": "1")", R"("tasks.max": "2")"}, {R"("delete.enabled": "false",)", ""}});
  const Ended drift = Run();
  EXPECT_EQ(drift.exit_code, 0) << drift.out;
  EXPECT_EQ(drift.Result().Text("/connectors/0/action"), "drift");
  EXPECT_EQ(drift.Result().Raw("/connectors/0/drift"),
            R"(["delete.enabled is false, wanted not set","tasks.max is 1, wanted 2"])");
  EXPECT_NE(drift.err.find("tasks.max is 1, wanted 2 (--update changes it)"), std::string::npos);
  const Ended update = Run({"--update"});
  EXPECT_EQ(update.exit_code, 0) << update.out << update.err;
  EXPECT_EQ(update.Result().Text("/connectors/0/action"), "altered");
  EXPECT_EQ(update.Result().Number("/connectors/0/tasks"), 2);
  EXPECT_EQ(Run().Result().Text("/connectors/0/action"), "unchanged");
}

TEST_F(ConnectApply, AFailedTaskIsSaidAndRestartedOnRequest) {
  WriteConnector();
  ASSERT_EQ(Run().exit_code, 0);
  database_.Execute("CREATE TABLE public.connect_records (event_id int PRIMARY KEY)");
  WriteRecords(1, "{}");
  // When the first task fails, the other one gets its partition and fails too.
  ASSERT_TRUE(Eventually([&] {
    const Ended run = Run();
    return run.exit_code == 78 && run.Result().Number("/connectors/0/running") == 0;
  }));
  const Ended run = Run();
  EXPECT_NE(run.Result().Text("/error/message").find("task "), std::string::npos);
  EXPECT_NE(run.Result().Text("/error/message").find("failed: "), std::string::npos) << run.out;
  EXPECT_FALSE(run.Result().Bool("/retryable"));
  database_.Execute("DROP TABLE public.connect_records");
  const Ended restarted = Run({"--restart-failed"});
  EXPECT_EQ(restarted.exit_code, 0) << restarted.out << restarted.err;
  EXPECT_NE(restarted.err.find("restarting it"), std::string::npos);
  EXPECT_TRUE(Eventually([&] { return Rows() == "1"; }));
}

TEST_F(ConnectApply, SecretsAreTakenFromTheEnvironmentAndNeverPrinted) {
  WriteConnector();
  Environment settings = Settings();
  settings.erase("AIRFLOW_VAR_CONNECT_POSTGRES_PASSWORD");
  const Ended missing = Run({}, settings);
  EXPECT_EQ(missing.exit_code, 78) << missing.out;
  EXPECT_NE(missing.Result().Text("/error/message").find("CONNECT_POSTGRES_PASSWORD"),
            std::string::npos);
  ASSERT_EQ(Run().exit_code, 0);
  settings["CONNECT_POSTGRES_PASSWORD"] = "correct horse battery";
  const Ended drift = Run({"--log-level", "debug"}, settings);
  EXPECT_EQ(drift.Result().Raw("/connectors/0/drift"),
            R"(["connection.password is ***, wanted ***"])");
  const Ended wrong = Run({"--update", "--log-level", "debug"}, settings);
  for (const Ended& run : {drift, wrong}) {
    EXPECT_EQ((run.out + run.err).find("correct horse"), std::string::npos) << run.out << run.err;
  }
}

// The plug-in of the other shipped connector is not available here, and the task has to say so. The
// settings that the worker itself knows are checked: converters, transforms, tolerance.
TEST_F(ConnectApply, TheShippedElasticsearchSinkIsRefusedWithoutItsPlugIn) {
  std::filesystem::copy(std::string(CONNECTORS) + "/steam-elasticsearch.json", folder_);
  Environment settings = Settings();
  settings["CONNECT_ELASTICSEARCH_URL"] = "https://127.0.0.1:1";
  settings["CONNECT_ELASTICSEARCH_USER"] = "elastic";
  settings["CONNECT_ELASTICSEARCH_PASSWORD"] = "correct horse battery";
  const Ended run = Run({"--connector", "steam-elasticsearch"}, settings);
  EXPECT_EQ(run.exit_code, 78) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find("has no plug-in io.confluent"),
            std::string::npos);
  // With a plug-in that the worker has, it accepts all other settings.
  std::ifstream shipped(folder_ / "steam-elasticsearch.json");
  std::string text{std::istreambuf_iterator<char>(shipped), {}};
  const std::string plugin = "io.confluent.connect.elasticsearch.ElasticsearchSinkConnector";
  text.replace(text.find(plugin), plugin.size(), "io.debezium.connector.jdbc.JdbcSinkConnector");
  text.replace(text.find("topic_currPlayer,rct"), 0, topic_ + ",");
  std::ofstream(folder_ / "steam-elasticsearch.json") << text;
  const Ended checked =
      RunProgram({CURL_PROGRAM, "-sS", "-X", "PUT", "-H", "Content-Type: application/json", "-d",
                  "@" + (folder_ / "steam-elasticsearch.json").string(),
                  RealConnect() + "/connector-plugins/JdbcSinkConnector/config/validate"},
                 {});
  const JsonValue validation(checked.out);
  for (std::size_t i = 0; i < validation.Size("/configs"); ++i) {
    const std::string config = "/configs/" + std::to_string(i) + "/value/";
    const std::string name = validation.Text(config + "name");
    if (name == "name" || name.starts_with("connection.")) continue;  // the plug-in's settings
    EXPECT_EQ(validation.Raw(config + "errors"), "[]") << name;
  }
  EXPECT_GT(validation.Size("/configs"), 40u);
}

TEST_F(ConnectApply, WrongUseAndConnectDown) {
  WriteConnector();
  Environment settings = Settings();
  settings["AIRFLOW_CONN_CONNECT_DEFAULT"] = "http://127.0.0.1:1";
  EXPECT_EQ(Run({"--deadline", "2"}, settings).exit_code, 75);
  settings.erase("AIRFLOW_CONN_CONNECT_DEFAULT");
  EXPECT_EQ(Run({}, settings).exit_code, 78) << "there is no Connection";
  EXPECT_EQ(Run({"--connect-url", "http://u:secret@127.0.0.1:1"}, settings).exit_code, 64);
  EXPECT_EQ(Run({"--connector", "no_such"}).exit_code, 78);
  std::ofstream(folder_ / "broken.json") << R"({"connector.class": 1})";
  const Ended broken = Run();
  EXPECT_EQ(broken.exit_code, 78);
  EXPECT_NE(broken.Result().Text("/error/message").find("broken.json"), std::string::npos);
}

// The worker is killed between a change and its result, where the task waits two seconds anyway.
TEST_F(ConnectApply, AWorkerThatIsKilledIsWaitedFor) {
  const OwnConnect worker;
  Environment settings = Settings();
  settings["AIRFLOW_CONN_CONNECT_DEFAULT"] = worker.url();
  WriteConnector();
  ASSERT_EQ(Run({}, settings).exit_code, 0);
  WriteConnector({{R"("tasks.max": "1")", R"("tasks.max": "2")"}});
  Program program({kTask, "--connectors", folder_.string(), "--update", "--deadline", "240"},
                  settings);
  ASSERT_TRUE(Eventually([&] {
    const std::string config = worker.url() + "/connectors/" + name_ + "/config";
    return RunProgram({CURL_PROGRAM, "-sS", config}, {}).out.find(R"(max":"2")") !=
           std::string::npos;
  }));
  worker.Kill();
  ASSERT_TRUE(Eventually([&] { return program.Err().find("trying again") != std::string::npos; }));
  worker.StartAgain();
  const Ended run = program.Wait();
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Text("/connectors/0/state"), "RUNNING");

  worker.Kill();
  const Ended away = Run({"--deadline", "5", "--retries", "0"}, settings);
  EXPECT_EQ(away.exit_code, 75) << away.out;
  EXPECT_NE(away.err.find("trying again"), std::string::npos) << away.err;
}

// A server that responds first like a starting worker and then like one whose group rebalances.
TEST_F(ConnectApply, AWorkerThatStartsAndRebalancesIsWaitedFor) {
  WriteConnector();
  int asked = 0;
  const auto response = [&](const HttpCall& call) -> ScriptedResponse {
    ++asked;
    if (asked % 3 == 1) return {404, "<html>Not Found</html>"};
    if (asked % 3 == 2) return {409, R"({"error_code":409,"message":"a rebalance is expected"})"};
    if (call.target == "/connector-plugins") {
      return {200, R"([{"class":"io.debezium.connector.jdbc.JdbcSinkConnector"}])"};
    }
    if (call.method == "PUT") return {201, "{}"};
    if (call.target.ends_with("/config")) return {404, R"({"error_code":404,"message":"none"})"};
    return {200, R"({"connector":{"state":"RUNNING"},"tasks":[{"id":0,"state":"RUNNING"}]})"};
  };
  const ScriptedServer starting(response);
  Environment settings = Settings();
  settings["AIRFLOW_CONN_CONNECT_DEFAULT"] = starting.url();
  const Ended run = Run({}, settings);
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Text("/connectors/0/action"), "created");
  EXPECT_EQ(asked, 12);

  // The worker's last response says more than the timeout does.
  std::filesystem::copy(folder_ / (name_ + ".json"), folder_ / "another.json");
  const auto ending = [&](const ScriptedResponse& first) {
    const ScriptedServer server([&, calls = 0](const HttpCall&) mutable {
      ScriptedResponse next = first;
      if (++calls > 1) next.delay = std::chrono::seconds(3);
      return next;
    });
    settings["AIRFLOW_CONN_CONNECT_DEFAULT"] = server.url();
    return Run({"--deadline", "2"}, settings);
  };
  const Ended late = ending({409, R"({"error_code":409,"message":"a rebalance is expected"})"});
  EXPECT_EQ(late.exit_code, 75) << late.out;
  EXPECT_NE(late.Result().Text("/error/message").find("a rebalance is expected"), std::string::npos)
      << late.out;
  const Ended wrong = ending({404, "nothing here"});
  EXPECT_EQ(wrong.exit_code, 78) << wrong.out;
  EXPECT_NE(wrong.Result().Text("/error/message").find("is this Kafka Connect?"), std::string::npos)
      << wrong.out;
}

// A connector that the worker rejects does not stop the others.
TEST_F(ConnectApply, AConnectorThatIsRefusedIsSaidAndTheOthersRun) {
  WriteConnector();
  std::filesystem::copy(folder_ / (name_ + ".json"), folder_ / "a-wrong.json");
  std::ifstream right(folder_ / "a-wrong.json");
  std::string text{std::istreambuf_iterator<char>(right), {}};
  text.replace(text.find("\"1\""), 3, "\"two\"");
  std::ofstream(folder_ / "a-wrong.json") << text;
  const Ended run = Run();
  EXPECT_EQ(run.exit_code, 78) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find("two"), std::string::npos) << run.out;
  ASSERT_EQ(run.Result().Size("/connectors"), 1u);
  EXPECT_EQ(run.Result().Text("/connectors/0/state"), "RUNNING");
}

}  // namespace
}  // namespace steamflow::test
