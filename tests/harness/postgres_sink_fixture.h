#pragma once

#include <string>
#include <vector>

#include "mock_kafka.h"
#include "postgres_server.h"
#include "task_fixture.h"

namespace steamflow::test {

inline constexpr char kPostgresTask[] = "kafka-to-postgres";
inline constexpr char kCountsTopic[] = "topic_currPlayer";
inline constexpr char kUsersTopic[] = "steamusers";
inline constexpr char kNewsTopic[] = "steam_news";
inline constexpr char kTraceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

// Returns a value with these fields (JSON without its braces) and this timestamp.
inline std::string At(const std::string& time, const std::string& fields) {
  return "{" + fields + (fields.empty() ? "" : ",") + R"("timestamp":")" + time + "\"}";
}

// Runs kafka-to-postgres with a database for each test and the mock Kafka.
class PostgresSinkTest : public ::testing::Test {
 protected:
  PostgresSinkTest() { environment_ = Environment(database_.Uri()); }

  test::Environment Environment(const std::string& postgres) const {
    return {{"AIRFLOW_CONN_POSTGRES_DEFAULT", postgres},
            {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + kafka_.brokers()},
            {"AIRFLOW_CTX_DAG_RUN_ID", kRunId}};
  }
  void Write(const std::string& topic, const std::vector<NewMessage>& messages) const {
    WriteTopic(kafka_.brokers(), topic, messages);
  }
  // Writes this many records, each with its own event id and time, of a run that belongs to a
  // trace.
  void WriteMany(const std::string& topic, int count, int first = 0) const {
    std::vector<NewMessage> messages;
    for (int i = first; i < first + count; ++i) {
      messages.push_back({std::to_string(i),
                          At("2026-11-22T22:34:00Z", "\"n\":" + std::to_string(i)),
                          {{"event_id", topic + "/2026-11-22T22:34Z/" + std::to_string(i)},
                           {"traceparent", kTraceparent}}});
    }
    Write(topic, messages);
  }
  std::vector<std::string> Command(const std::vector<std::string>& flags) const {
    std::vector<std::string> command{kPostgresTask};
    command.insert(command.end(), flags.begin(), flags.end());
    return command;
  }
  Ended Run(const std::vector<std::string>& flags = {}) const {
    return RunProgram(Command(flags), environment_);
  }
  // Runs the task, which has to succeed and to write nothing except its result.
  JsonValue Drain(const std::vector<std::string>& flags = {}) const {
    const Ended run = Run(flags);
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    return run.Result();
  }
  // Runs the task, which has to fail, and returns its error message.
  std::string Fail(int exit_code, const std::vector<std::string>& flags = {}) const {
    const Ended run = Run(flags);
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    EXPECT_EQ((run.out + run.err).find("s3cret"), std::string::npos);
    return run.Result().Text("/error/message");
  }
  std::string Sink(const JsonValue& result) const { return result.Raw("/sink"); }
  static std::string Counts(int inserted, int duplicates, int dead_letters) {
    return R"({"type":"postgres","inserted":)" + std::to_string(inserted) + R"(,"duplicates":)" +
           std::to_string(duplicates) + R"(,"dead_letters":)" + std::to_string(dead_letters) + "}";
  }
  std::string Value(const std::string& sql) { return database_.Value(sql); }
  std::string Rows(const std::string& table) { return Value("SELECT count(*) FROM " + table); }
  std::vector<Message> Letters() const { return ReadTopic(kafka_.brokers(), kDeadLetters); }

  PostgresDatabase database_;
  MockKafka kafka_;
  test::Environment environment_;
};

}  // namespace steamflow::test
