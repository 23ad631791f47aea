#include <filesystem>
#include <fstream>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

using standin::Account;

class PlayerSummaries : public TaskTest {};

TEST_F(PlayerSummaries, DeliversEveryProfileOfTheBlock) {
  const Ended run = Run({kPlayersTask, "--count", "250"});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "");
  const auto messages = Topic(kPlayersTopic);
  EXPECT_EQ(EventIdsOnce(messages),
            ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, 250));
  const JsonValue result = run.Result();
  const auto found = static_cast<std::int64_t>(messages.size());
  EXPECT_EQ(result.Raw("/source"), R"({"requests":3,"retries":0,"items":{"ok":)" +
                                       std::to_string(found) +
                                       R"(,"empty":0,"withheld":0,"absent":)" +
                                       std::to_string(250 - found) + R"(,"rejected":0}})");
  EXPECT_EQ(result.Number("/kafka/acknowledged"), found);
  EXPECT_EQ(result.Raw("/cursors"),
            R"([{"key":"last_user_id","from":"76561197960434622","to":"76561197960434372",)"
            R"("advanced":true}])");
  EXPECT_EQ(redis_.Get("last_user_id"), "76561197960434372");
  EXPECT_EQ(redis_.Get("last_user_id:pass"), kMinute);
  EXPECT_EQ(CallsCounted(), 3u);
}

TEST_F(PlayerSummaries, RecordsAreTheGoldenOnes) {
  ASSERT_EQ(Run({kPlayersTask, "--count", "12"}).exit_code, 0);
  const auto messages = Topic(kPlayersTopic);
  EXPECT_EQ(AsTable(messages), GoldenRecords("topic_GetUserInfo.tsv"));
  for (const auto& message : messages) {
    const JsonValue value(message.value);
    EXPECT_EQ(value.Text("/steamid"), message.key);
    EXPECT_TRUE(IsOfNow(value.Text("/timestamp"))) << message.value;
  }
}

TEST_F(PlayerSummaries, NothingFoundIsASuccess) {
  std::uint64_t id = kFirstPlayersId;
  while (accounts_.AccountOf(id) != Account::kDeleted) --id;
  const Ended run = Run({kPlayersTask, "--start-id", ToText(id), "--count", "1"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Result().Number("/source/items/absent"), 1);
  EXPECT_EQ(run.Result().Number("/kafka/records"), 0);
  EXPECT_EQ(redis_.Get("last_user_id"), ToText(id - 1));
}

TEST_F(PlayerSummaries, FixedBlockIsTheSameOnEveryRun) {
  const std::vector<std::string> command{kPlayersTask,  "--topic",    "steamusers",
                                         "--no-cursor", "--start-id", ToText(kFirstPlayersId)};
  for (int run = 0; run < 2; ++run) {
    const Ended ended = Run(command);
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_FALSE(ended.Result().Has("/cursors"));
  }
  const auto messages = Topic("steamusers");
  const auto expected = ExpectedPlayers(accounts_, "steamusers", kMinute, kFirstPlayersId, 100);
  EXPECT_EQ(messages.size(), 2 * expected.size());
  EXPECT_EQ(EventIds(messages), expected);
  EXPECT_TRUE(redis_.Keys("last_*").empty());
  environment_["AIRFLOW_CTX_LOGICAL_DATE"] = "2026-11-22T22:35:00Z";
  ASSERT_EQ(Run(command).exit_code, 0);
  EXPECT_EQ(EventIds(Topic("steamusers")).size(), 2 * expected.size());
}

TEST_F(PlayerSummaries, FixedBlockWithoutABudgetNeedsNoRedis) {
  environment_.erase("AIRFLOW_CONN_REDIS_DEFAULT");
  EXPECT_EQ(Run({kPlayersTask, "--no-cursor", "--steam-daily-call-budget", "-1"}).exit_code, 0);
}

TEST_F(PlayerSummaries, RerunHasTheSameEventIds) {
  environment_["AIRFLOW_CTX_LOGICAL_DATE"] = MinuteFromNow();
  ASSERT_EQ(Run({kPlayersTask}).exit_code, 0);
  const auto first = EventIdsOnce(Topic(kPlayersTopic));
  redis_.Set("last_user_id", ToText(kFirstPlayersId));
  ASSERT_EQ(Run({kPlayersTask, "--logical-date", MinuteFromNow()}).exit_code, 0);
  const auto both = Topic(kPlayersTopic);
  EXPECT_EQ(EventIds(both), first);
  EXPECT_EQ(both.size(), 2 * first.size());
}

TEST_F(PlayerSummaries, RetriesWhatIsOverTheLimit) {
  Fault(R"({"kind":"status","status":429,"times":2,"headers":{"Retry-After":"1"}})");
  const Ended run = Run({kPlayersTask});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/source/retries"), 2);
  EXPECT_GE(run.seconds, 2);
  EXPECT_EQ(EventIdsOnce(Topic(kPlayersTopic)),
            ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, 100));
}

TEST_F(PlayerSummaries, BrokerDownLeavesTheCursor) {
  rd_kafka_mock_broker_set_down(kafka_.cluster(), 1);
  const Ended run = Run({kPlayersTask, "--deadline", "3"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(redis_.Get("last_user_id").value_or(ToText(kFirstPlayersId)), ToText(kFirstPlayersId));
  EXPECT_EQ(run.Result().Raw("/cursors"),
            R"([{"key":"last_user_id","from":"76561197960434622","to":"76561197960434622",)"
            R"("advanced":false}])");
}

TEST_F(PlayerSummaries, WritesRecordsToAFile) {
  const std::string path = std::filesystem::temp_directory_path() / UniqueTopic("players");
  const Ended run = Run({kPlayersTask, "--sink", "file:" + path});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Result().Text("/sink/type"), "file");
  std::ifstream file(path);
  std::set<std::string> ids;
  for (std::string line; std::getline(file, line);) ids.insert(JsonValue(line).Text("/event_id"));
  EXPECT_EQ(ids, ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, 100));
  std::filesystem::remove(path);
  const Ended full = Run({kPlayersTask, "--sink", "file:/dev/full"});
  EXPECT_EQ(full.exit_code, 74) << full.out;
  const Ended missing = Run({kPlayersTask, "--sink", "file:/no/such/folder/file"});
  EXPECT_EQ(missing.exit_code, 64) << missing.out;
}

TEST_F(PlayerSummaries, ObjectWithoutAnIdIsADeadLetter) {
  const auto id = ToText(kFirstPlayersId);
  Fault(R"({"kind":"status","status":200,"body":"{\"response\":{\"players\":[)"
        R"({\"personaname\":\"nobody\"},{\"steamid\":\")" +
        id + R"(\"}]}}"})");
  const Ended run = Run({kPlayersTask, "--count", "3"});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/source/items/ok"), 1);
  EXPECT_EQ(run.Result().Number("/source/items/rejected"), 1);
  EXPECT_EQ(run.Result().Number("/source/items/absent"), 1);
  EXPECT_EQ(run.Result().Number("/kafka/records"), 1);
  EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 1);
  EXPECT_NE(run.err, "");
  const auto letters = Topic(kDeadLetters);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].value, R"({"personaname":"nobody"})");
  EXPECT_EQ(letters[0].headers.at("source_topic"), kPlayersTopic);
  EXPECT_EQ(letters[0].headers.at("task"), kPlayersTask);
  EXPECT_EQ(letters[0].headers.at("run_id"), kRunId);
  EXPECT_EQ(letters[0].headers.at("event_id"), letters[0].key);
  EXPECT_NE(letters[0].headers.at("reason"), "");
  EXPECT_EQ(redis_.Get("last_user_id"), ToText(kFirstPlayersId - 3));
}

}  // namespace
}  // namespace steamflow::test
