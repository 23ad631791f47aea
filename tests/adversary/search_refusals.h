#pragma once

#include <string>
#include <vector>

#include "mock_kafka.h"
#include "search_server.h"
#include "task_fixture.h"

namespace steamflow::test {

// Runs the Elasticsearch sink into a real server, from a topic `t` of the test's own. The event ids
// of its records name no month.
class Refusals {
 public:
  explicit Refusals(const std::string& engine) : search_(engine) {}

  SearchIndices& search() { return search_; }
  std::string brokers() const { return kafka_.brokers(); }
  // Writes `count` records, the `others`, and a record that no sink can take.
  void Write(int count, const std::vector<std::string>& others = {}) {
    std::vector<NewMessage> messages{{"k", "poison", {{"event_id", "poison"}}}};
    for (const std::string& other : others) {
      messages.push_back({"k", other, {{"event_id", "other " + other}}});
    }
    for (int i = 0; i < count; ++i) {
      messages.push_back({"k", R"({"a":{"b":"c"},"n":[1]})", {{"event_id", std::to_string(i)}}});
    }
    WriteTopic(kafka_.brokers(), "t", messages);
  }
  void WriteTo(const std::string& topic, const std::vector<NewMessage>& messages) {
    WriteTopic(kafka_.brokers(), topic, messages);
  }
  Ended Run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command{"kafka-to-elasticsearch", "--topic",   "t", "--index-prefix",
                                     search_.prefix(),         "--retries", "1"};
    command.insert(command.end(), more.begin(), more.end());
    return RunProgram(command, {{"AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", search_.url()},
                                {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + kafka_.brokers()}});
  }
  // Expects that a run fails with this code and sentence, and changes nothing.
  void ExpectFails(int exit_code, const std::string& sentence) const {
    const Ended run = Run();
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    EXPECT_NE(run.Result().Text("/error/message").find(sentence), std::string::npos) << run.out;
    EXPECT_EQ(ReadTopic(kafka_.brokers(), kDeadLetters).size(), 0u);
  }
  void ExpectStores(int count) const {
    const Ended run = Run();
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_EQ(run.Result().Number("/sink/inserted") + run.Result().Number("/sink/duplicates"),
              count);
    EXPECT_EQ(run.Result().Number("/sink/dead_letters"), 1) << "the poison";
  }
  std::size_t Letters() const { return ReadTopic(kafka_.brokers(), kDeadLetters).size(); }
  std::string Path(const std::string& index) const { return "/" + search_.prefix() + index; }

 private:
  SearchIndices search_;
  MockKafka kafka_;
};

// Tests that run on both families of servers.
class SearchRefusals : public ::testing::TestWithParam<const char*> {
 protected:
  // Creates the templates without storing a document.
  void MakeTemplates() const { EXPECT_EQ(sink_.Run().exit_code, 0); }
  void MakeIndex(const std::string& name, const std::string& body) {
    sink_.search().Ask("PUT", sink_.Path(name), body);
  }
  void Delete(const std::string& name) { sink_.search().Ask("DELETE", sink_.Path(name)); }

  Refusals sink_{GetParam()};
};

}  // namespace steamflow::test
