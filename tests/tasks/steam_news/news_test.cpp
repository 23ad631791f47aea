#include "steam_standin/news.h"

#include "task_test.h"

namespace steamflow::test {
namespace {

constexpr char kTopic[] = "steam_news";
constexpr std::uint32_t kApp = 1623730;
constexpr std::uint32_t kBusyApp = 777;  // 2,500 items

class News : public TaskTest {};

// The event ids of the newest `count` items.
std::set<std::string> Expected(std::uint32_t app, std::size_t count) {
  std::set<std::string> ids;
  const auto items = standin::NewsOf(app);
  for (std::size_t i = 0; i < std::min(count, items.size()); ++i) {
    ids.insert(std::string(kTopic) + "/" + ToText(items[i].gid));
  }
  return ids;
}

std::string Cursor(std::uint32_t app) {
  return "last_news_date:" + ToText(app);
}

TEST_F(News, DeliversAllNewsOnce) {
  environment_.erase("AIRFLOW_VAR_STEAM_API_KEY");  // not needed
  const Ended first = Run({kNewsTask});
  ASSERT_EQ(first.exit_code, 0) << first.out << first.err;
  EXPECT_EQ(first.err, "");
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)), Expected(kApp, 30));
  const auto newest = standin::NewsOf(kApp)[0];
  const std::string cursor = ToText(newest.date) + "/" + ToText(newest.gid);
  EXPECT_EQ(redis_.Get(Cursor(kApp)), cursor);
  EXPECT_EQ(
      first.Result().Raw("/cursors"),
      R"([{"key":"last_news_date:1623730","from":null,"to":")" + cursor + R"(","advanced":true}])");
  EXPECT_EQ(first.Result().Number("/source/items/ok"), 1);

  const Ended second = Run({kNewsTask});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(second.err, "");
  EXPECT_EQ(second.Result().Number("/kafka/records"), 0);
  EXPECT_EQ(second.Result().Number("/source/items/empty"), 1);
  EXPECT_EQ(redis_.Get(Cursor(kApp)), cursor);
  EXPECT_EQ(Topic(kTopic).size(), 30u);
}

TEST_F(News, RecordsAreTheGoldenOnes) {
  // The items after the long one, which would fill a page each.
  const auto items = standin::NewsOf(kApp);
  redis_.Set(Cursor(kApp), ToText(items[3].date) + "/" + ToText(items[3].gid));
  ASSERT_EQ(Run({kNewsTask}).exit_code, 0);
  const auto messages = Topic(kTopic);
  EXPECT_EQ(AsTable(messages), GoldenRecords("steam_news.tsv"));
  for (const auto& message : messages) {
    EXPECT_EQ(JsonValue(message.value).Text("/gid"), message.key);
    EXPECT_EQ(message.headers.at("event_id"), std::string(kTopic) + "/" + message.key);
  }
}

TEST_F(News, ItemsOfTheCursorsOwnSecondThatItDoesNotNameAreNew) {
  const auto items = standin::NewsOf(kApp);
  ASSERT_EQ(items[4].date, items[5].date);  // so says news.h
  redis_.Set(Cursor(kApp), ToText(items[5].date) + "/" + ToText(items[5].gid));
  ASSERT_EQ(Run({kNewsTask}).exit_code, 0);
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)), Expected(kApp, 5));
}

TEST_F(News, WalksThePagesOfABusyApp) {
  environment_["AIRFLOW_VAR_STEAM_NEWS_APPS"] = "[777]";
  const Ended run = Run({kNewsTask, "--max-items", "5000"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)), Expected(kBusyApp, 2500));
  EXPECT_GT(Requests(), 20u);
}

TEST_F(News, TakesTheNewestWhereThereAreTooMany) {
  environment_["AIRFLOW_VAR_STEAM_NEWS_APPS"] = "[777]";
  const Ended run = Run({kNewsTask});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)), Expected(kBusyApp, 1000));
  EXPECT_NE(run.err.find("older"), std::string::npos) << run.err;
  const Ended again = Run({kNewsTask});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.Result().Number("/kafka/records"), 0);
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
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)), Expected(kApp, 30));
  EXPECT_EQ(redis_.Get(Cursor(570)), std::nullopt);
  EXPECT_NE(redis_.Get(Cursor(kApp)), std::nullopt);
  standin_.ClearFaults();
  EXPECT_EQ(Run({kNewsTask, "--steam-news-apps", "[570,1623730]"}).exit_code, 0);
  auto expected = Expected(570, 30);
  expected.merge(Expected(kApp, 30));
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)), expected);
}

TEST_F(News, FailedPageHoldsTheCursor) {
  environment_["AIRFLOW_VAR_STEAM_NEWS_APPS"] = "[777]";
  Fault(R"({"skip":3,"kind":"status","status":503,"times":-1})");
  const Ended run = Run({kNewsTask, "--retries", "0"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(redis_.Get(Cursor(kBusyApp)), std::nullopt);
  standin_.ClearFaults();
  EXPECT_EQ(Run({kNewsTask}).exit_code, 0);
  EXPECT_EQ(EventIds(Topic(kTopic)), Expected(kBusyApp, 1000));
}

TEST_F(News, RetriesWhatIsOverTheLimit) {
  Fault(R"({"kind":"status","status":429,"times":2})");
  const Ended run = Run({kNewsTask});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/source/retries"), 2);
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)), Expected(kApp, 30));
}

TEST_F(News, BrokerDownLeavesTheCursor) {
  rd_kafka_mock_broker_set_down(kafka_.cluster(), 1);
  const Ended run = Run({kNewsTask, "--deadline", "2"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_TRUE(redis_.Keys().empty());
}

TEST_F(News, HugeItemIsADeadLetterAndHoldsNothing) {
  // The fourth newest item of 888 has 2 MiB, more than the producer takes.
  const Ended run = Run({kNewsTask, "--steam-news-apps", "[888]"});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  const auto items = standin::NewsOf(888);
  auto expected = Expected(888, 30);
  const auto huge = std::string(kTopic) + "/" + ToText(items[3].gid);
  expected.erase(huge);
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)), expected);
  const auto letters = Topic(kDeadLetters);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].key, huge);
  EXPECT_EQ(letters[0].headers.at("truncated"), "true");
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 1);
  EXPECT_EQ(run.Result().Number("/kafka/records"), 29);
  EXPECT_NE(redis_.Get(Cursor(888)), std::nullopt);
}

TEST_F(News, ItemWithoutGidIsADeadLetter) {
  Fault(R"({"kind":"status","status":200,"body":"{\"appnews\":{\"appid\":7,\"newsitems\":[)"
        R"({\"gid\":\"12\",\"date\":100},{\"title\":\"none\",\"date\":99}],\"count\":2}}"})");
  const Ended run = Run({kNewsTask, "--steam-news-apps", "[7]"});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/kafka/records"), 1);
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 1);
  const auto letters = Topic(kDeadLetters);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].value, R"({"title":"none","date":99})");
  EXPECT_EQ(redis_.Get(Cursor(7)), "100/12");
}

TEST_F(News, PrintsAndMovesNoCursor) {
  environment_.erase("AIRFLOW_CONN_KAFKA_DEFAULT");
  environment_.erase("AIRFLOW_CONN_REDIS_DEFAULT");
  const Ended run = Run({kNewsTask, "--sink", "stdout", "--max-items", "5"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Lines().size(), 6u);
  EXPECT_EQ(run.Result().Raw("/sink"), R"({"type":"stdout","records":5})");
}

TEST_F(News, DryRunReadsTheCursorAndMovesNone) {
  const auto items = standin::NewsOf(kApp);
  const std::string cursor = ToText(items[3].date) + "/" + ToText(items[3].gid);
  redis_.Set(Cursor(kApp), cursor);
  const Ended run = Run({kNewsTask, "--dry-run"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Result().Raw("/sink"), R"({"type":"none","records":3})");
  EXPECT_EQ(redis_.Get(Cursor(kApp)), cursor);
  EXPECT_EQ(redis_.Keys().size(), 1u);
}

}  // namespace
}  // namespace steamflow::test
