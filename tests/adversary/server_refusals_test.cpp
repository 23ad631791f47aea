// If a real server refuses a login, an operation, a certificate or a write, the exit code and the
// message say what has to be corrected.

#include <filesystem>

#include "kafka_changes.h"
#include "mock_kafka.h"
#include "postgres_server.h"
#include "postgres_sink_fixture.h"
#include "search_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

// Expects that the run ended with this exit code and a message with these parts.
void ExpectEnd(const Ended& run, int exit_code, const std::vector<std::string>& parts) {
  EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
  EXPECT_LT(run.seconds, 12) << run.out;
  const std::string message = run.Result().Text("/error/message");
  for (const std::string& part : parts) {
    EXPECT_NE(message.find(part), std::string::npos) << part << " in: " << message;
  }
}

// A Kafka with access control, and a source and sinks that log in as guest.
class KafkaRefusals : public ::testing::Test {
 protected:
  static constexpr auto kTopic = RD_KAFKA_RESOURCE_TOPIC;

  KafkaRefusals()
      : standin_({"--key", kApiKey}),
        environment_(TaskEnvironment(standin_.url(), kafka_.brokers(), redis_.url())) {
    UsePassword("guest");
    environment_["AIRFLOW_CONN_POSTGRES_DEFAULT"] = database_.Uri();
    environment_["AIRFLOW_CONN_ELASTICSEARCH_DEFAULT"] = search_.url();
    for (const char* topic : {kDeadLetters, kCountsTopic, kUsersTopic}) {
      CreateTopic(kafka_.brokers(), topic, 1);
    }
  }

  void UsePassword(const std::string& password) {
    environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://" + kafka_.guarded() +
                                                 "?security.protocol=sasl_plaintext&sasl.mechanism="
                                                 "PLAIN&sasl.username=guest&sasl.password=" +
                                                 password;
  }
  void Allow(rd_kafka_ResourceType_t type, const std::string& name,
             rd_kafka_AclOperation_t operation) {
    test::Allow(kafka_.brokers(), type, name, operation);
  }
  Ended Run(std::vector<std::string> command) const {
    return RunProgram(std::move(command), environment_);
  }

  const RealKafka kafka_{1, {"--logins"}};
  standin::Standin standin_;
  const RedisServer redis_;
  PostgresDatabase database_;
  SearchIndices search_{"opensearch"};
  Environment environment_;
};

TEST_F(KafkaRefusals, AWrongPasswordIs77) {
  UsePassword("s3cret");
  for (const char* task : {kCountsTask, kPostgresTask, "kafka-to-elasticsearch",
                           "kafka-create-topics", "kafka-dead-letters", "pipeline-reconcile"}) {
    const Ended run = Run({task});
    ExpectEnd(run, 77, {"logging in to Kafka"});
    EXPECT_EQ((run.out + run.err).find("s3cret"), std::string::npos);
  }
  const Ended check = Run({"pipeline-check"});
  EXPECT_EQ(check.exit_code, 77) << check.out;
  EXPECT_NE(check.out.find("logging in to Kafka"), std::string::npos) << check.out;
}

TEST_F(KafkaRefusals, ATopicThatMayNotBeWrittenIs77AndNamed) {
  ExpectEnd(Run({kCountsTask}), 77, {kCountsTopic, "authorization"});
  Allow(kTopic, kCountsTopic, RD_KAFKA_ACL_OPERATION_DESCRIBE);
  ExpectEnd(Run({kCountsTask}), 77, {kCountsTopic, "authorization"});
  // With the permission to write another topic, the brokers refuse at another point.
  Allow(kTopic, kDeadLetters, RD_KAFKA_ACL_OPERATION_WRITE);
  ExpectEnd(Run({kCountsTask}), 77, {kCountsTopic, "authorization"});
  Allow(kTopic, kCountsTopic, RD_KAFKA_ACL_OPERATION_WRITE);
  const Ended run = Run({kCountsTask});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
}

TEST_F(KafkaRefusals, DeadLettersThatMayNotBeWrittenAre77AndNothingMoves) {
  WriteTopic(kafka_.brokers(), kUsersTopic, {{"k", "poison", {}}, {"1", R"({"steamid":"1"})", {}}});
  Allow(kTopic, kUsersTopic, RD_KAFKA_ACL_OPERATION_READ);
  const std::vector<std::string> command{kPostgresTask, "--topic", kUsersTopic};
  ExpectEnd(Run(command), 77, {kDeadLetters, "authorization"});
  Allow(kTopic, kDeadLetters, RD_KAFKA_ACL_OPERATION_DESCRIBE);
  ExpectEnd(Run(command), 77, {kDeadLetters, "authorization"});
  EXPECT_EQ(database_.Value("SELECT count(*) FROM records"), "0");
  Allow(kTopic, kDeadLetters, RD_KAFKA_ACL_OPERATION_WRITE);
  EXPECT_EQ(Run(command).Result().Number("/sink/dead_letters"), 1);
}

TEST_F(KafkaRefusals, AGroupThatMayNotBeUsedIs77AndNamed) {
  Allow(kTopic, kUsersTopic, RD_KAFKA_ACL_OPERATION_READ);
  Allow(kTopic, kDeadLetters, RD_KAFKA_ACL_OPERATION_WRITE);
  WriteTopic(kafka_.brokers(), kUsersTopic, {{"1", R"({"steamid":"1"})", {}}});
  const std::string group = search_.prefix() + "steamflow-elasticsearch";
  const std::vector<std::string> command{"kafka-to-elasticsearch", "--topic", kUsersTopic,
                                         "--index-prefix", search_.prefix()};
  ExpectEnd(Run(command), 77, {group});
  Allow(RD_KAFKA_RESOURCE_GROUP, group, RD_KAFKA_ACL_OPERATION_READ);
  const Ended run = Run(command);
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(GroupOffsets(kafka_.brokers(), group, kUsersTopic, 1), std::vector<std::int64_t>{1});
}

TEST_F(KafkaRefusals, TopicsThatMayNotBeMadeAre77) {
  ExpectEnd(Run({"kafka-create-topics"}), 77, {kCountsTopic, "Authorization"});
}

// A PostgreSQL with TLS. Its certificate is signed by a CA that only the test knows.
class PostgresTls : public ::testing::Test {
 protected:
  PostgresTls()
      : folder_(std::filesystem::temp_directory_path() / UniqueTopic("postgres_tls")),
        ca_({TLS_PROXY, "http://127.0.0.1:1", folder_}) {
    ca_.ReadLine();
    // The server accepts only a key that belongs to root or itself and that nobody else may read.
    std::filesystem::permissions(folder_ / "server.key", std::filesystem::perms(0600));
    PostgresSession session("postgres", server_.address());
    for (const char* setting : {"cert", "key"}) {
      const std::string file =
          folder_ / (setting == std::string("cert") ? "server.pem" : "server.key");
      session.Execute("ALTER SYSTEM SET ssl_" + std::string(setting) + "_file = '" + file + "'");
    }
    session.Execute("ALTER SYSTEM SET ssl = on");
    session.Execute("SELECT pg_reload_conf()");
    EXPECT_TRUE(Eventually([&] {
      return PostgresSession("postgres", server_.address())
                 .Value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "t";
    }));
    CreateTopic(RealBrokers(), kDeadLetters, 3);  // as other tests on these brokers create it
    CreateTopic(RealBrokers(), topic_, 1);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Ended Run(const std::string& mode, const std::string& ca_file) {
    Environment environment{
        {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + RealBrokers()},
        {"AIRFLOW_CONN_POSTGRES_DEFAULT",
         "postgres://steamflow:steamflow@" + server_.address() + "/steamflow?sslmode=" + mode},
        {"HOME", folder_}};
    if (!ca_file.empty()) environment["SSL_CERT_FILE"] = ca_file;
    return RunProgram({kPostgresTask, "--topic", topic_}, environment);
  }

  const std::filesystem::path folder_;
  standin::ChildProcess ca_;
  const OwnPostgres server_{"old"};  // the newer one is built without TLS
  const std::string topic_ = UniqueTopic("t");
};

TEST_F(PostgresTls, AnUnknownCaIs78AndSslCertFileNamesOne) {
  for (const char* mode : {"verify-ca", "verify-full"}) {
    ExpectEnd(Run(mode, ""), 78, {"certificate"});
    const Ended run = Run(mode, folder_ / "ca" / "ca.pem");
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    ExpectEnd(Run(mode, folder_ / "missing.pem"), 78, {"missing.pem"});
  }
  EXPECT_EQ(Run("require", "").exit_code, 0) << "require does not verify";
}

TEST(PostgresSettings, AModeThatIsNoneIs78BeforeThePort) {
  const Environment environment{
      {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://127.0.0.1:1"},
      {"AIRFLOW_CONN_POSTGRES_DEFAULT", "postgres://u:p@127.0.0.1:1/d?sslmode=bogus"}};
  ExpectEnd(RunProgram({kPostgresTask}, environment), 78,
            {"sslmode", "bogus", "AIRFLOW_CONN_POSTGRES_DEFAULT"});
  // An address without a server is a different error.
  const std::string url = "postgres://u@127.0.0.1:1/d";
  ExpectEnd(RunProgram({kPostgresTask, "--postgres-url", url}, environment), 75,
            {"connecting to PostgreSQL"});
}

TEST(PostgresSettings, ASchemaOfTheFirstEditionIs78) {
  PostgresDatabase database;
  MockKafka kafka;
  database.Execute("CREATE SCHEMA steamflow");
  database.Execute(
      "CREATE TABLE steamflow.schema_version (version integer, migrated_at timestamptz)");
  database.Execute("INSERT INTO steamflow.schema_version VALUES (1, now())");
  ExpectEnd(
      RunProgram({kPostgresTask}, {{"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + kafka.brokers()},
                                   {"AIRFLOW_CONN_POSTGRES_DEFAULT", database.Uri()}}),
      78, {"schema", "has version 1"});
  EXPECT_EQ(database.Value("SELECT count(*) FROM pg_tables WHERE schemaname = 'steamflow'"), "1");
}

TEST(SearchSettings, AClusterThatIsReadOnlyIs75WithItsOwnReason) {
  const OwnSearch server("opensearch");
  MockKafka kafka;
  const Environment environment{{"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + kafka.brokers()},
                                {"AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", server.url()}};
  const std::vector<std::string> command{"kafka-to-elasticsearch", "--topic", "t", "--retries",
                                         "1"};
  standin::Client client;
  const auto block = [&](const char* value) {
    EXPECT_EQ(
        client
            .Send("PUT", server.url() + "/_cluster/settings", "Content-Type: application/json",
                  std::string(R"({"persistent":{"cluster.blocks.read_only":)") + value + "}}")
            .status,
        200);
  };
  WriteTopic(kafka.brokers(), "t", {{"k", "{}", {}}});
  block("true");
  ExpectEnd(RunProgram(command, environment), 75,
            {"cluster read-only"});  // on creating the templates
  block("null");
  EXPECT_EQ(RunProgram(command, environment).exit_code, 0);
  WriteTopic(kafka.brokers(), "t", {{"k", "{}", {}}});
  block("true");
  ExpectEnd(RunProgram(command, environment), 75, {"cluster read-only"});
  const Ended check = RunProgram({"pipeline-check"}, environment);
  EXPECT_NE(check.out.find("cluster.blocks.read_only"), std::string::npos) << check.out;
  block("null");
  EXPECT_EQ(RunProgram(command, environment).Result().Number("/sink/inserted"), 1);
}

}  // namespace
}  // namespace steamflow::test
