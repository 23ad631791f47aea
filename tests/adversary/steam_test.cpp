// Steam as it really is: news that are late, edited, shared, misdated or broken, and apps without
// news.

#include <functional>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kTopic[] = "steam_news";

struct Item {
  std::string gid;
  std::uint64_t date = 0;
  std::string title = "t";
};

class Steam : public TaskTest {
 protected:
  // Sets the news of an app.
  void Publish(std::uint32_t app, const std::vector<Item>& items) {
    std::string json = "[";
    for (const Item& item : items) {
      json += R"({"gid":")" + item.gid + R"(","date":)" + ToText(item.date) + R"(,"title":")" +
              item.title + R"("},)";
    }
    json.back() = ']';
    PublishJson(app, json);
  }
  void PublishJson(std::uint32_t app, const std::string& json) {
    ASSERT_EQ(standin_.Control("PUT", "/standin/news/" + ToText(app), json).status, 200);
  }

  // Runs the task for these apps and expects success.
  Ended News(const std::string& apps, const std::vector<std::string>& more = {}) {
    std::vector<std::string> command{kNewsTask, "--steam-news-apps", "[" + apps + "]"};
    command.insert(command.end(), more.begin(), more.end());
    Ended run = Run(std::move(command));
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    return run;
  }

  // Returns how many records of each gid all runs have delivered.
  std::map<std::string, int> Gids() const {
    std::map<std::string, int> gids;
    for (const Message& message : Topic(kTopic)) ++gids[message.key];
    return gids;
  }
};

TEST_F(Steam, AnAppThatIsRefusedIsAbsentAndTheOthersComeIn) {
  const Ended run = News("480,440");
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.Result().Number("/source/items/absent"), 1);
  EXPECT_EQ(run.Result().Number("/source/items/ok"), 1);
  EXPECT_EQ(run.Result().Number("/source/requests"), 2);
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)).size(), 30u);
  EXPECT_EQ(redis_.Keys(), std::vector<std::string>{"news_seen:440"});
}

TEST_F(Steam, OnlyThePageOfTheEdgeIsABlock) {
  Fault(R"({"kind":"edge_block","times":-1})");
  const Ended blocked = Run({kNewsTask, "--steam-news-apps", "[440,570]"});
  EXPECT_EQ(blocked.exit_code, 75);
  EXPECT_NE(blocked.Result().Text("/error/message").find("blocked"), std::string::npos);
  standin_.ClearFaults();
  // A 403 with an empty body is not a block either, but says nothing about the app.
  Fault(R"({"match":{"appid":440},"kind":"status","status":403,"body":"","times":-1})");
  const Ended silent = Run({kNewsTask, "--steam-news-apps", "[440,570]"});
  EXPECT_EQ(silent.exit_code, 75) << silent.out;
  EXPECT_NE(silent.Result().Text("/error/message").find("app 440"), std::string::npos);
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)).size(), 30u);
}

TEST_F(Steam, AnAppThatFailsIsNamedWithTheServersWords) {
  Fault(R"({"match":{"appid":570},"kind":"status","status":500,"times":-1})");
  const Ended run = Run({kNewsTask, "--steam-news-apps", "[440,570,1623730]", "--retries", "0"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  const std::string message = run.Result().Text("/error/message");
  EXPECT_NE(message.find("app 570: "), std::string::npos) << message;
  EXPECT_NE(message.find("An error occurred while processing your request."), std::string::npos)
      << message;
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)).size(), 60u);
}

TEST_F(Steam, AnItemTakenInLateIsDelivered) {
  Publish(7, {{"noon", 1'780'000'000}});
  News("7");
  Publish(7, {{"noon", 1'780'000'000}, {"nine", 1'779'989'000}});
  News("7");
  News("7");
  EXPECT_EQ(Gids(), (std::map<std::string, int>{{"nine", 1}, {"noon", 1}}));
}

TEST_F(Steam, EachItemComesOnceFromPagesThatShareSeconds) {
  std::vector<Item> apart;
  std::vector<Item> together{{"first", 1'780'000'001}};
  for (std::uint64_t i = 0; i < 250; ++i) apart.push_back({"a" + ToText(i), 1'780'000'000 - i});
  for (std::uint64_t i = 0; i < 99; ++i) together.push_back({"b" + ToText(i), 1'780'000'000});
  for (std::uint64_t i = 0; i < 60; ++i) together.push_back({"c" + ToText(i), 1'770'000'000 - i});
  Publish(7, apart);
  Publish(8, together);
  EXPECT_EQ(News("7,8").Result().Number("/kafka/records"), 410);
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)).size(), 410u);
  EXPECT_EQ(News("7,8").Result().Number("/kafka/records"), 0);
}

TEST_F(Steam, ADateInMillisecondsHoldsNothingUp) {
  Publish(7, {{"old", 1'780'000'000}});
  News("7");
  Publish(7, {{"old", 1'780'000'000}, {"ms", 1'790'000'000'000}});
  const Ended run = News("7");
  EXPECT_EQ(run.Result().Text("/cursors/0/from"), "1780000000");
  EXPECT_EQ(run.Result().Text("/cursors/0/to").size(), 10u) << "the window must not end after now";
  Publish(7, {{"old", 1'780'000'000}, {"ms", 1'790'000'000'000}, {"new", 1'780'000'100}});
  News("7");
  News("7");
  EXPECT_EQ(Gids(), (std::map<std::string, int>{{"ms", 1}, {"new", 1}, {"old", 1}}));
}

TEST_F(Steam, AnEditedItemIsANewEditionOfTheSameItem) {
  Publish(7, {{"1", 1'760'000'000, "first"}, {"2", 1'750'000'000}});
  News("7");
  Publish(7, {{"1", 1'762'000'000, "second"}, {"2", 1'750'000'000}});
  News("7");
  News("7");
  const auto messages = Topic(kTopic);
  EXPECT_EQ(EventIdsOnce(messages).size(), 3u);
  EXPECT_EQ(Gids(), (std::map<std::string, int>{{"1", 2}, {"2", 1}}));
  for (const Message& message : messages) {
    EXPECT_TRUE(message.headers.at("event_id").starts_with("steam_news/7/" + message.key + "/"));
  }
  // When the item is changed back, its edition has the old name again.
  Publish(7, {{"1", 1'760'000'000, "first"}, {"2", 1'750'000'000}});
  News("7");
  EXPECT_EQ(EventIds(Topic(kTopic)).size(), 3u);
}

TEST_F(Steam, ADlcAndItsAppShareItemsAndNoEventId) {
  const Ended run = News("440,441");
  EXPECT_EQ(run.Result().Number("/kafka/records"), 60);
  const auto messages = Topic(kTopic);
  EXPECT_EQ(EventIdsOnce(messages).size(), 60u);
  std::map<std::int64_t, int> feeds;
  for (const Message& message : messages) {
    const JsonValue value(message.value);
    EXPECT_EQ(value.Number("/appid"), 440);
    ++feeds[value.Number("/feed_appid")];
  }
  EXPECT_EQ(feeds, (std::map<std::int64_t, int>{{440, 30}, {441, 30}}));
  EXPECT_EQ(News("440,441").Result().Number("/kafka/records"), 0);
}

TEST_F(Steam, ABrokenItemIsOneLetterOnceAndHoldsNoOther) {
  PublishJson(7, R"([{"gid":"1","date":1780000000},{"gid":"2"},{"title":"no gid","date":1770000000},
                     {"gid":"3","date":"today"},null,7])");
  const Ended first = News("7");
  EXPECT_EQ(first.Result().Number("/kafka/records"), 1);
  EXPECT_EQ(first.Result().Number("/kafka/dead_letters"), 5);
  const Ended second = News("7");
  EXPECT_EQ(second.Result().Number("/kafka/dead_letters"), 0);
  EXPECT_EQ(second.Result().Number("/source/items/empty"), 1);
  const auto letters = Topic(kDeadLetters);
  EXPECT_EQ(EventIdsOnce(letters).size(), 5u);
  for (const Message& letter : letters) {
    EXPECT_TRUE(letter.key.starts_with("steam_news/7/")) << letter.key;
    EXPECT_NE(letter.headers.at("reason").find("broken news item"), std::string::npos);
  }
  // Once the item is valid, it is delivered.
  PublishJson(7, R"([{"gid":"1","date":1780000000},{"gid":"2","date":1779000000}])");
  EXPECT_EQ(News("7").Result().Number("/kafka/records"), 1);
}

// The second page fails, so the window does not move and the next run sees the first page again.
TEST_F(Steam, ABrokenItemOfAnAppThatIsHeldIsNoLetterYet) {
  std::string items = R"([{"title":"no gid","date":1780000001},)";
  for (int i = 0; i < 150; ++i) {
    items += R"({"gid":"g)" + std::to_string(i) + R"(","date":)" + ToText(1'780'000'000 - i) + "},";
  }
  items.back() = ']';
  PublishJson(7, items);
  for (int run = 0; run < 3; ++run) {
    standin_.ClearFaults();
    Fault(R"({"skip":1,"kind":"status","status":500,"times":-1})");
    EXPECT_EQ(Run({kNewsTask, "--steam-news-apps", "[7]", "--retries", "0"}).exit_code, 75);
    ASSERT_TRUE(Topic(kDeadLetters).empty()) << "run " << run;
  }
  standin_.ClearFaults();
  EXPECT_EQ(News("7").Result().Number("/kafka/dead_letters"), 1);
  EXPECT_EQ(News("7").Result().Number("/kafka/dead_letters"), 0);
  EXPECT_EQ(Topic(kDeadLetters).size(), 1u);
  EXPECT_EQ(EventIds(Topic(kTopic)).size(), 150u);
}

TEST_F(Steam, OnlyBrokenItemsAreRejectedOnce) {
  PublishJson(7, R"([{"title":"no gid"}])");
  const Ended first = News("7");
  EXPECT_EQ(first.Result().Number("/source/items/rejected"), 1);
  EXPECT_EQ(News("7").Result().Number("/kafka/dead_letters"), 0);
}

TEST_F(Steam, BadBytesAreOneLetterOnceTheRetriesAreOver) {
  Fault(R"({"kind":"bad_utf8","times":-1})");  // breaks the newest item
  const Ended first = News("7", {"--retries", "1"});
  EXPECT_EQ(first.Result().Number("/source/requests"), 2);
  EXPECT_EQ(first.Result().Number("/kafka/records"), 29);
  const auto letters = Topic(kDeadLetters);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_NE(letters[0].value.find("\xff\xfe"), std::string::npos)
      << "the value must be kept as received";
  const Ended second = News("7", {"--retries", "1"});
  EXPECT_EQ(second.err, "");
  EXPECT_EQ(second.Result().Number("/source/requests"), 1) << "a known broken item is not retried";
  EXPECT_EQ(Topic(kDeadLetters).size(), 1u);
  standin_.ClearFaults();
  EXPECT_EQ(News("7").Result().Number("/kafka/records"), 1);
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)).size(), 30u);
}

TEST_F(Steam, BadBytesThatARetryMendsAreNoLetter) {
  Fault(R"({"kind":"bad_utf8","times":1})");
  EXPECT_EQ(News("7").Result().Number("/kafka/records"), 30);
  EXPECT_TRUE(Topic(kDeadLetters).empty());
}

TEST_F(Steam, ACutBodyHoldsTheApp) {
  Fault(R"({"kind":"broken_json","times":-1})");
  EXPECT_EQ(Run({kNewsTask, "--retries", "1"}).exit_code, 75);
  EXPECT_TRUE(Topic(kDeadLetters).empty());
  EXPECT_TRUE(redis_.Keys().empty());
}

TEST_F(Steam, AnAppThatIsGoneInTheMiddleOfItsNewsIsHeld) {
  for (const char* status : {"200", "403"}) {
    standin_.ClearFaults();
    Fault(std::string(R"({"skip":1,"kind":"status","body":"{}","times":-1,"status":)") + status +
          "}");
    const Ended run = Run({kNewsTask, "--steam-news-apps", "[777]", "--retries", "1"});
    EXPECT_EQ(run.exit_code, 75) << run.out;
    EXPECT_TRUE(redis_.Keys().empty()) << status;
  }
}

TEST_F(Steam, ARunThatLosesTheRaceLeavesTheWindowAlone) {
  Publish(7, {{"1", 1'780'000'000}});
  Fault(R"({"kind":"latency","ms":1500})");
  Program loser({kNewsTask, "--steam-news-apps", "[7]"}, environment_);
  ASSERT_TRUE(Eventually([&] { return Requests() == 1; }));
  News("7");
  const auto window = redis_.Hash("news_seen:7");
  const Ended run = loser.Wait();
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_FALSE(run.Result().Bool("/cursors/0/advanced"));
  EXPECT_EQ(redis_.Hash("news_seen:7"), window);
  EXPECT_EQ(EventIds(Topic(kTopic)).size(), 1u);
}

}  // namespace
}  // namespace steamflow::test
