// A DLC and its parent share a feed: both return the same items. The tests use a real Kafka,
// PostgreSQL and OpenSearch.

#include <ctime>

#include "postgres_server.h"
#include "search_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kTopic[] = "steam_news";
constexpr int kItems = 5;

class SharedFeed : public TaskTest {
 protected:
  SharedFeed() {
    CreateTopic(real_kafka_.brokers(), kDeadLetters, 1);
    CreateTopic(real_kafka_.brokers(), kTopic, 2);
    environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://" + real_kafka_.brokers();
    environment_["AIRFLOW_CONN_POSTGRES_DEFAULT"] = database_.Uri();
    environment_["AIRFLOW_CONN_ELASTICSEARCH_DEFAULT"] = search_.url();
    Publish("as it was");
  }

  // Publishes the items of the parent, 480, for both apps. The newest item gets this title.
  void Publish(const std::string& title) {
    std::string json = "[";
    for (int i = 0; i < kItems; ++i) {
      json += (i == 0 ? "" : ",") + (R"({"gid":"5)" + std::to_string(i)) +
              R"(","appid":480,"title":")" + (i == 0 ? title : "t") + R"(","date":)" +
              std::to_string(began_ - 100 - i) + "}";
    }
    for (const char* app : {"480", "481"}) {
      ASSERT_EQ(standin_.Control("PUT", std::string("/standin/news/") + app, json + "]").status,
                200);
    }
  }
  // Runs the task for both apps, expects that it delivers this many records, and returns the
  // result.
  std::string News(int records) {
    const Ended run = Run({kNewsTask, "--steam-news-apps", "[480,481]"});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_EQ(run.Result().Number("/kafka/acknowledged"), records);
    return run.Lines().back();
  }
  void Sinks() const {
    for (const auto& command : std::vector<std::vector<std::string>>{
             {"kafka-to-postgres", "--topic", kTopic},
             {"kafka-to-elasticsearch", "--topic", kTopic, "--index-prefix", search_.prefix()}}) {
      const Ended run = Run(command);
      EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
      EXPECT_EQ(run.Result().Number("/sink/dead_letters"), 0);
    }
  }
  // Expects that nothing is lost or missing, with this many event ids and duplicates.
  void ExpectAllThere(const std::string& acknowledged, int ids, int duplicates) {
    environment_["STEAMFLOW_ACKNOWLEDGED"] = acknowledged;
    const Ended run = Run({"pipeline-reconcile", "--topic", kTopic, "--index-prefix",
                           search_.prefix(), "--since", "2026-01-01", "--until", "2126-01-01"});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    const std::string topic = std::string("/topics/") + kTopic;
    EXPECT_EQ(run.Result().Number(topic + "/lost"), 0);
    EXPECT_EQ(run.Result().Number(topic + "/kafka"), ids);
    EXPECT_EQ(run.Result().Number(topic + "/duplicates"), duplicates);
    for (const char* store : {"/postgres", "/elasticsearch"}) {
      EXPECT_EQ(run.Result().Number(topic + store + "/held"), ids) << store;
    }
  }

  const std::int64_t began_ = time(nullptr);
  const RealKafka real_kafka_{1};
  PostgresDatabase database_;
  SearchIndices search_{"opensearch"};
};

TEST_F(SharedFeed, ARetryIsNoLoss) {
  const std::string first = News(2 * kItems);
  EXPECT_EQ(EventIdsOnce(ReadTopic(real_kafka_.brokers(), kTopic)).size(), 2u * kItems);
  Sinks();
  ExpectAllThere(first, 2 * kItems, 0);

  // A retry of a run that was killed after the acknowledgements and before it wrote its windows.
  redis_.Command({"DEL", "news_seen:480", "news_seen:481"});
  const std::string retry = News(2 * kItems);
  Sinks();
  ExpectAllThere(retry, 2 * kItems, 2 * kItems);

  // A retry of a run that had written the window of one app, after an item was edited.
  redis_.Command({"DEL", "news_seen:481"});
  Publish("edited");
  const std::string edited = News(1 + kItems);
  Sinks();
  ExpectAllThere(edited, 2 * kItems + 2, 3 * kItems - 1);
}

}  // namespace
}  // namespace steamflow::test
