#include "steam_standin/apps.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kTopic[] = "topic_currPlayer";

class CurrentPlayers : public TaskTest {};

TEST_F(CurrentPlayers, DeliversTheDefaultGames) {
  environment_.erase("AIRFLOW_VAR_STEAM_API_KEY");  // not needed
  environment_.erase("AIRFLOW_CONN_REDIS_DEFAULT");
  const Ended run = Run({kCountsTask});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.Result().Raw("/source"),
            R"({"requests":3,"retries":0,)"
            R"("items":{"ok":3,"empty":0,"withheld":0,"absent":0,"rejected":0}})");
  EXPECT_FALSE(run.Result().Has("/cursors"));
  EXPECT_EQ(AsTable(Topic(kTopic)), GoldenRecords("topic_currPlayer.tsv"));
}

TEST_F(CurrentPlayers, NamesCanBeKoreanAndCountsZero) {
  environment_["AIRFLOW_VAR_STEAM_GAMES"] = R"({"팰월드 \"1.0\"":"1623730","Quiet":300})";
  const Ended run = Run({kCountsTask});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const auto& message : Topic(kTopic)) {
    const JsonValue value(message.value);
    EXPECT_EQ(value.Names(),
              (std::vector<std::string>{"game", "appid", "player_count", "timestamp"}));
    EXPECT_EQ(value.Text("/game"), message.key);
    const auto appid = static_cast<std::uint32_t>(value.Number("/appid"));
    EXPECT_EQ(value.Number("/player_count"), *standin::PlayerCount(appid));
    EXPECT_EQ(message.key, appid == 300 ? "Quiet" : "팰월드 \"1.0\"");
  }
}

TEST_F(CurrentPlayers, NoNumberIsNoRecord) {
  const Ended run = Run({kCountsTask, "--steam-games", R"({"Unknown":404,"Elden Ring":1245620})"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.Result().Number("/source/items/absent"), 1);
  EXPECT_EQ(run.Result().Number("/source/items/ok"), 1);
  ASSERT_EQ(Topic(kTopic).size(), 1u);
}

TEST_F(CurrentPlayers, FailedFetchIsNoZero) {
  Fault(R"({"match":{"appid":582010},"kind":"status","status":500,"times":-1})");
  const Ended run = Run({kCountsTask, "--retries", "1"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(run.Result().Number("/source/items/ok"), 2);
  EXPECT_EQ(run.Result().Number("/source/retries"), 1);
  EXPECT_EQ(EventIdsOnce(Topic(kTopic)),
            (std::set<std::string>{std::string(kTopic) + "/1245620/" + kMinute,
                                   std::string(kTopic) + "/1623730/" + kMinute}));
}

TEST_F(CurrentPlayers, RerunOfAnIntervalHasTheSameEventIds) {
  ASSERT_EQ(Run({kCountsTask}).exit_code, 0);
  environment_["AIRFLOW_CTX_TRY_NUMBER"] = "2";
  ASSERT_EQ(Run({kCountsTask}).exit_code, 0);
  auto messages = Topic(kTopic);
  EXPECT_EQ(messages.size(), 6u);
  EXPECT_EQ(EventIds(messages).size(), 3u);
  environment_["AIRFLOW_CTX_DAG_RUN_ID"] = "manual__2026-11-22T22:35:01.123456+00:00";
  ASSERT_EQ(Run({kCountsTask}).exit_code, 0);
  EXPECT_EQ(EventIds(Topic(kTopic)).size(), 6u);
}

TEST_F(CurrentPlayers, TimestampHasTheZoneAskedFor) {
  environment_["AIRFLOW_VAR_STEAM_TIMEZONE"] = "America/New_York";
  ASSERT_EQ(Run({kCountsTask}).exit_code, 0);
  const std::string timestamp = JsonValue(Topic(kTopic)[0].value).Text("/timestamp");
  EXPECT_TRUE(IsOfNow(timestamp)) << timestamp;
  EXPECT_TRUE(timestamp.ends_with("-05:00") || timestamp.ends_with("-04:00")) << timestamp;
}

TEST_F(CurrentPlayers, AnOldRunTellsWhenItLooked) {
  // Clearing a failed run does this.
  const Ended run = Run({kCountsTask, "--logical-date", "2026-11-14T03:00:00Z"});
  ASSERT_EQ(run.exit_code, 0) << run.out;
  for (const auto& message : Topic(kTopic)) {
    EXPECT_TRUE(message.headers.at("event_id").ends_with("/2026-11-14T03:00Z"));
    EXPECT_TRUE(IsOfNow(JsonValue(message.value).Text("/timestamp"))) << message.value;
  }
}

TEST_F(CurrentPlayers, BrokerDownIs75) {
  rd_kafka_mock_broker_set_down(kafka_.cluster(), 1);
  const Ended run = Run({kCountsTask, "--deadline", "2"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(run.Result().Number("/kafka/acknowledged"), 0);
  EXPECT_LT(run.seconds, 4);
}

TEST_F(CurrentPlayers, PrintsOrAsksOnly) {
  environment_.erase("AIRFLOW_CONN_KAFKA_DEFAULT");
  const Ended printed = Run({kCountsTask, "--sink", "stdout"});
  ASSERT_EQ(printed.exit_code, 0) << printed.err;
  ASSERT_EQ(printed.Lines().size(), 4u);
  EXPECT_EQ(JsonValue(printed.Lines()[0]).Text("/topic"), kTopic);
  const Ended dry = Run({kCountsTask, "--dry-run"});
  ASSERT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_EQ(dry.Result().Raw("/sink"), R"({"type":"none","records":3})");
  EXPECT_TRUE(redis_.Keys().empty());
}

}  // namespace
}  // namespace steamflow::test
