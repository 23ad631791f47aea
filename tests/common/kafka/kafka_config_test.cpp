#include "kafka_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_run.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::ScopedEnvironment;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

class KafkaConfigTest : public testing::Test {
 protected:
  // Returns the properties from this connection and the flags.
  KafkaProperties Read(const std::string& connection) {
    const ScopedEnvironment environment("AIRFLOW_CONN_KAFKA_DEFAULT", connection);
    return ReadKafkaProperties(flags_, log_);
  }
  ExitCode Refusal(const std::string& connection) {
    return CodeOf([&] { Read(connection); }, &message_);
  }

  Log log_{"t", LogLevel::kError, LogFormat::kText, false};
  KafkaFlags flags_;
  std::string message_;
};

TEST_F(KafkaConfigTest, HostAndPortAreTheBrokers) {
  EXPECT_THAT(Read("kafka://broker:9094"), ElementsAre(Pair("bootstrap.servers", "broker:9094")));
  EXPECT_THAT(Read("kafka://a%3A1%2Cb%3A2"), ElementsAre(Pair("bootstrap.servers", "a:1,b:2")));
  EXPECT_THAT(Read("kafka://a:1,b:2"), ElementsAre(Pair("bootstrap.servers", "a:1,b:2")));
  EXPECT_THAT(Read("kafka://[::1]:9092"), ElementsAre(Pair("bootstrap.servers", "[::1]:9092")));
  EXPECT_THAT(Read("kafka://[::1]"), ElementsAre(Pair("bootstrap.servers", "[::1]")));
}

TEST_F(KafkaConfigTest, TheExtraHoldsProperties) {
  EXPECT_THAT(Read(R"({"conn_type":"kafka","extra":{"bootstrap.servers":"a:1","linger.ms":5,
                       "enable.idempotence":true,"acks":-1,"error_cb":"x.y","nothing":null}})"),
              ElementsAre(Pair("bootstrap.servers", "a:1"), Pair("linger.ms", "5"),
                          Pair("enable.idempotence", "true"), Pair("acks", "-1")));
}

TEST_F(KafkaConfigTest, FlagsComeLast) {
  flags_.brokers = "c:3";
  flags_.config = {"linger.ms=7", "client.id=a=b", "linger.ms=8"};
  EXPECT_THAT(Read("kafka://a:1?linger.ms=5"),
              ElementsAre(Pair("bootstrap.servers", "c:3"), Pair("linger.ms", "8"),
                          Pair("client.id", "a=b")));
}

TEST_F(KafkaConfigTest, RefusesWhatWouldWeakenDelivery) {
  for (const char* property :
       {"acks=0", "acks=1", "request.required.acks=1", "acks=2", "enable.idempotence=false",
        "enable.idempotence=0", "enable.idempotence=f"}) {
    flags_.config = {};
    EXPECT_EQ(Refusal(std::string("kafka://a:1?") + property), ExitCode::kConfig) << property;
    EXPECT_THAT(message_, HasSubstr("AIRFLOW_CONN_KAFKA_DEFAULT"));
    flags_.config = {property};
    EXPECT_EQ(Refusal("kafka://a:1"), ExitCode::kUsage) << property;
    EXPECT_THAT(message_, HasSubstr("--kafka-config"));
  }
  flags_.config = {"acks=all", "acks=-1", "enable.idempotence=true"};
  EXPECT_EQ(Refusal("kafka://a:1"), ExitCode::kSuccess) << message_;
}

TEST_F(KafkaConfigTest, RefusesWhatNoDeliveryReportWouldComeThrough) {
  for (const char* property : {"delivery.report.only.error=true", "transactional.id=x"}) {
    flags_.config = {property};
    EXPECT_EQ(Refusal("kafka://a:1"), ExitCode::kUsage) << property;
  }
}

TEST_F(KafkaConfigTest, RefusesUnknownNamesAndImpossibleValues) {
  for (const char* property : {"no.such.property=1", "linger.ms=soon", "linger.ms=-1",
                               "compression.type=zip", "acks=many", "dr_cb=x"}) {
    flags_.config = {property};
    EXPECT_EQ(Refusal("kafka://a:1"), ExitCode::kUsage) << property;
    flags_.config = {};
    EXPECT_EQ(Refusal(std::string("kafka://a:1?") + property), ExitCode::kConfig) << property;
  }
  for (const char* setting : {"", "linger.ms", "=5"}) {
    flags_.config = {setting};
    EXPECT_EQ(Refusal("kafka://a:1"), ExitCode::kUsage) << setting;
  }
}

TEST_F(KafkaConfigTest, NoBrokerIsNoSilentLocalhost) {
  for (const char* connection :
       {"", "kafka://", "kafka://?linger.ms=5", "kafka://?bootstrap.servers="}) {
    EXPECT_EQ(Refusal(connection), ExitCode::kConfig) << connection;
    EXPECT_THAT(message_, HasSubstr("AIRFLOW_CONN_KAFKA_DEFAULT"));
  }
}

TEST_F(KafkaConfigTest, RefusesServersThatAreNoListOfAddresses) {
  for (const char* servers : {"a:port", "a:0", "a:65536", "a:1/x", "a b:1", "a:1;b:1", "a:1,:2",
                              "[::1:9092", "http//a:1", "a:1,b:"}) {
    flags_ = {.brokers = servers};
    EXPECT_EQ(Refusal("kafka://c:1"), ExitCode::kUsage) << servers;
    EXPECT_THAT(message_, HasSubstr("--brokers"));
    flags_ = {.config = {std::string("bootstrap.servers=") + servers}};
    EXPECT_EQ(Refusal("kafka://c:1"), ExitCode::kUsage) << servers;
    flags_ = {};
    const auto json =
        R"({"conn_type":"kafka","extra":{"bootstrap.servers":")" + std::string(servers);
    EXPECT_EQ(Refusal(json + "\"}}"), ExitCode::kConfig) << servers;
    EXPECT_THAT(message_, HasSubstr("AIRFLOW_CONN_KAFKA_DEFAULT"));
  }
  for (const char* servers : {"a", "a:9092", "a:1,b:2", "a:1, b:2,", "[::1]:9092,10.0.0.1",
                              "SSL://a_b.c-d:1", "[fe80::1%eth0]:1"}) {
    flags_ = {.brokers = servers};
    EXPECT_EQ(Refusal("kafka://c:1"), ExitCode::kSuccess) << servers << message_;
  }
}

TEST_F(KafkaConfigTest, SecretsAreKeptOutOfMessagesAndFlags) {
  const std::string connection = "kafka://u:hunter2@a:1?sasl.password=hunter3";
  EXPECT_EQ(Refusal(connection + "&linger.ms=hunter3"), ExitCode::kConfig);
  EXPECT_EQ(log_.Redact("hunter2 hunter3"), "*** ***");
  EXPECT_THAT(log_.Redact(message_), Not(HasSubstr("hunter")));
  for (const char* name : {"sasl.password", "ssl.key.password", "ssl.keystore.password",
                           "sasl.oauthbearer.client.secret", "ssl.key.pem"}) {
    flags_.config = {std::string(name) + "=hunter4"};
    EXPECT_EQ(Refusal("kafka://a:1"), ExitCode::kUsage) << name;
    EXPECT_THAT(message_, Not(HasSubstr("hunter4")));
  }
}

}  // namespace
}  // namespace steamflow
