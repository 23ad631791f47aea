#include "steam_standin/news.h"

#include <algorithm>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kTopic[] = "steam_news";
constexpr std::uint32_t kApp = 1623730;
constexpr std::uint32_t kBusyApp = 777;  // 2,500 items

class News : public TaskTest {};

// Returns the event ids of the newest `count` items, without their editions.
std::set<std::string> Expected(std::uint32_t app, std::size_t count) {
  std::set<std::string> ids;
  const auto items = standin::NewsOf(app);
  for (std::size_t i = 0; i < std::min(count, items.size()); ++i) {
    ids.insert(std::string(kTopic) + "/" + ToText(app) + "/" + ToText(items[i].gid));
  }
  return ids;
}

// Returns the same for messages, and expects that each item occurs once.
std::set<std::string> ItemsOnce(const std::vector<Message>& messages) {
  return WithoutEditions(EventIdsOnce(messages));
}

std::string Window(std::uint32_t app) {
  return "news_seen:" + ToText(app);
}

TEST_F(News, DeliversAllNewsOnce) {
  environment_.erase("AIRFLOW_VAR_STEAM_API_KEY");  // not needed
  const Ended first = Run({kNewsTask});
  ASSERT_EQ(first.exit_code, 0) << first.out << first.err;
  EXPECT_EQ(first.err, "");
  EXPECT_EQ(ItemsOnce(Topic(kTopic)), Expected(kApp, 30));
  const auto newest = standin::NewsOf(kApp)[0];
  const auto window = redis_.Hash(Window(kApp));
  EXPECT_EQ(window.size(), 31u);
  EXPECT_EQ(window.at("since"), "0");
  EXPECT_TRUE(window.at(ToText(newest.gid)).ends_with("/" + ToText(newest.date)));
  EXPECT_EQ(first.Result().Raw("/cursors"), R"([{"key":"news_seen:1623730","from":null,"to":")" +
                                                ToText(newest.date) + R"(","advanced":true}])");
  EXPECT_EQ(first.Result().Number("/source/items/ok"), 1);

  const Ended second = Run({kNewsTask});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(second.err, "");
  EXPECT_EQ(second.Result().Number("/kafka/records"), 0);
  EXPECT_EQ(second.Result().Number("/source/items/empty"), 1);
  EXPECT_FALSE(second.Result().Has("/cursors/0"));
  EXPECT_EQ(redis_.Hash(Window(kApp)), window);
  EXPECT_EQ(Topic(kTopic).size(), 30u);
}

TEST_F(News, RecordsAreTheGoldenOnes) {
  // The items after the long one, each of which would fill a page.
  const auto items = standin::NewsOf(kApp);
  redis_.Command({"HSET", Window(kApp), "since", ToText(items[2].date)});
  ASSERT_EQ(Run({kNewsTask}).exit_code, 0);
  const auto messages = Topic(kTopic);
  EXPECT_EQ(AsTable(messages), GoldenRecords("steam_news.tsv"));
  for (const auto& message : messages) {
    EXPECT_EQ(JsonValue(message.value).Text("/gid"), message.key);
    EXPECT_EQ(JsonValue(message.value).Number("/feed_appid"), kApp);
  }
}

TEST_F(News, TheWindowBeginsWithAllOfItsFirstSecond) {
  const auto items = standin::NewsOf(kApp);
  ASSERT_EQ(items[4].date, items[5].date);  // as news.h promises
  redis_.Command({"HSET", Window(kApp), "since", ToText(items[5].date)});
  ASSERT_EQ(Run({kNewsTask}).exit_code, 0);
  EXPECT_EQ(ItemsOnce(Topic(kTopic)), Expected(kApp, 6));
}

TEST_F(News, ATrialLeavesTheWindowOfProductionAlone) {
  ASSERT_EQ(Run({kNewsTask, "--topic", "trial"}).exit_code, 0);
  EXPECT_EQ(redis_.Keys(), std::vector<std::string>{Window(kApp) + "@trial"});
  ASSERT_EQ(Run({kNewsTask}).exit_code, 0);
  EXPECT_EQ(ItemsOnce(Topic(kTopic)), Expected(kApp, 30));
}

TEST_F(News, WalksThePagesOfABusyApp) {
  environment_["AIRFLOW_VAR_STEAM_NEWS_APPS"] = "[777]";
  const Ended run = Run({kNewsTask, "--max-items", "5000"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(ItemsOnce(Topic(kTopic)), Expected(kBusyApp, 2500));
  EXPECT_GT(Requests(), 20u);
}

TEST_F(News, TakesTheNewestWhereThereAreTooMany) {
  environment_["AIRFLOW_VAR_STEAM_NEWS_APPS"] = "[777]";
  const Ended run = Run({kNewsTask});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(ItemsOnce(Topic(kTopic)), Expected(kBusyApp, 1000));
  EXPECT_NE(run.err.find("older"), std::string::npos) << run.err;
  const Ended rest = Run({kNewsTask});
  EXPECT_EQ(rest.exit_code, 0);
  EXPECT_EQ(rest.Result().Number("/kafka/records"), 2) << "the other items with the oldest date";
  EXPECT_EQ(Run({kNewsTask}).Result().Number("/kafka/records"), 0);
}

TEST_F(News, ExactlyTheLimitIsNotTooMany) {
  const Ended run = Run({kNewsTask, "--max-items", "30"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(Topic(kTopic).size(), 30u);
}

TEST_F(News, UnknownAndSilentAppsAreOutcomes) {
  const Ended run = Run({kNewsTask, "--steam-news-apps", "[404,999,1623730]"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Result().Number("/source/items/ok"), 1);
  EXPECT_EQ(
      run.Result().Number("/source/items/empty") + run.Result().Number("/source/items/absent"), 2);
  EXPECT_EQ(run.Result().Size("/cursors"), 1u);
}

TEST_F(News, FailedAppHoldsOnlyItsOwnCursor) {
  Fault(R"({"match":{"appid":570},"kind":"status","status":503,"times":-1})");
  const Ended run = Run({kNewsTask, "--steam-news-apps", "[570,1623730]", "--retries", "1"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(ItemsOnce(Topic(kTopic)), Expected(kApp, 30));
  EXPECT_EQ(redis_.Keys(), std::vector<std::string>{Window(kApp)});
  standin_.ClearFaults();
  EXPECT_EQ(Run({kNewsTask, "--steam-news-apps", "[570,1623730]"}).exit_code, 0);
  auto expected = Expected(570, 30);
  expected.merge(Expected(kApp, 30));
  EXPECT_EQ(ItemsOnce(Topic(kTopic)), expected);
}

TEST_F(News, FailedPageHoldsTheCursor) {
  environment_["AIRFLOW_VAR_STEAM_NEWS_APPS"] = "[777]";
  Fault(R"({"skip":3,"kind":"status","status":503,"times":-1})");
  const Ended run = Run({kNewsTask, "--retries", "0"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_TRUE(redis_.Keys().empty());
  standin_.ClearFaults();
  EXPECT_EQ(Run({kNewsTask}).exit_code, 0);
  EXPECT_EQ(WithoutEditions(EventIds(Topic(kTopic))), Expected(kBusyApp, 1000));
}

TEST_F(News, RetriesWhatIsOverTheLimit) {
  Fault(R"({"kind":"status","status":429,"times":2})");
  const Ended run = Run({kNewsTask});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/source/retries"), 2);
  EXPECT_EQ(ItemsOnce(Topic(kTopic)), Expected(kApp, 30));
}

TEST_F(News, BrokerDownLeavesTheCursor) {
  rd_kafka_mock_broker_set_down(kafka_.cluster(), 1);
  const Ended run = Run({kNewsTask, "--deadline", "2"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_TRUE(redis_.Keys().empty());
}

TEST_F(News, HugeItemIsADeadLetterAndHoldsNothing) {
  // The fourth newest item of app 888 has 2 MiB, more than the producer accepts.
  const Ended run = Run({kNewsTask, "--steam-news-apps", "[888]"});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  const auto items = standin::NewsOf(888);
  auto expected = Expected(888, 30);
  const auto huge = std::string(kTopic) + "/888/" + ToText(items[3].gid);
  expected.erase(huge);
  EXPECT_EQ(ItemsOnce(Topic(kTopic)), expected);
  const auto letters = Topic(kDeadLetters);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(WithoutEditions({letters[0].key}), std::set<std::string>{huge});
  EXPECT_EQ(letters[0].headers.at("truncated"), "true");
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 1);
  EXPECT_EQ(run.Result().Number("/kafka/records"), 29);
  EXPECT_EQ(redis_.Hash(Window(888)).size(), 31u);
}

TEST_F(News, PrintsAndMovesNoCursor) {
  environment_.erase("AIRFLOW_CONN_KAFKA_DEFAULT");
  environment_.erase("AIRFLOW_CONN_REDIS_DEFAULT");
  const Ended run = Run({kNewsTask, "--sink", "stdout", "--max-items", "5"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Lines().size(), 6u);
  EXPECT_EQ(run.Result().Raw("/sink"), R"({"type":"stdout","records":5})");
}

TEST_F(News, DryRunReadsTheWindowAndMovesNone) {
  const auto items = standin::NewsOf(kApp);
  redis_.Command({"HSET", Window(kApp), "since", ToText(items[2].date)});
  const auto window = redis_.Hash(Window(kApp));
  const Ended run = Run({kNewsTask, "--dry-run"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Result().Raw("/sink"), R"({"type":"none","records":3})");
  EXPECT_EQ(redis_.Hash(Window(kApp)), window);
  EXPECT_EQ(redis_.Keys().size(), 1u);
}

}  // namespace
}  // namespace steamflow::test
