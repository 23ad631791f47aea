#include <algorithm>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

using standin::Account;
using standin::GamesShown;

class RecentlyPlayedGames : public TaskTest {};

TEST_F(RecentlyPlayedGames, DeliversEveryGameOfTheBlock) {
  std::int64_t ok = 0, empty = 0, withheld = 0, absent = 0;
  for (std::uint64_t id = kFirstGamesId; id > kFirstGamesId - 100; --id) {
    const auto account = accounts_.AccountOf(id);
    if (account == Account::kAbsent || account == Account::kDeleted) {
      ++absent;
    } else if (accounts_.GamesShownOf(id) == GamesShown::kWithheld) {
      ++withheld;
    } else {
      ++(accounts_.GamesShownOf(id) == GamesShown::kNone ? empty : ok);
    }
  }
  ASSERT_GT(std::min({ok, empty, withheld, absent}), 0);

  const Ended run = Run({kGamesTask});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "");
  const auto messages = Topic(kGamesTopic);
  EXPECT_EQ(EventIdsOnce(messages),
            ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, 100));
  const JsonValue result = run.Result();
  EXPECT_EQ(result.Number("/source/items/ok"), ok);
  EXPECT_EQ(result.Number("/source/items/empty"), empty);
  EXPECT_EQ(result.Number("/source/items/withheld"), withheld);
  EXPECT_EQ(result.Number("/source/items/absent"), absent);
  EXPECT_EQ(result.Number("/source/items/rejected"), 0);
  const auto visible = PublicIds(accounts_, kFirstGamesId, 100).size();
  EXPECT_EQ(result.Number("/source/requests"), static_cast<std::int64_t>(1 + visible));
  EXPECT_EQ(Requests("GetPlayerSummaries"), 1u);
  EXPECT_EQ(Requests("GetRecentlyPlayedGames"), visible);
  EXPECT_EQ(result.Number("/kafka/records"), static_cast<std::int64_t>(messages.size()));
  EXPECT_EQ(result.Number("/kafka/acknowledged"), static_cast<std::int64_t>(messages.size()));
  std::size_t bytes = 0;
  for (const auto& message : messages) bytes += message.value.size();
  EXPECT_EQ(result.Number("/kafka/bytes"), static_cast<std::int64_t>(bytes));
  EXPECT_EQ(result.Raw("/cursors"),
            R"([{"key":"last_steam_id","from":"76561197960499900","to":"76561197960499800",)"
            R"("advanced":true}])");
  EXPECT_EQ(redis_.Get("last_steam_id"), "76561197960499800");
  EXPECT_EQ(redis_.Get("last_steam_id:pass"), kMinute);
  EXPECT_EQ(CallsCounted(), 1 + visible);
  const auto left = std::stoi(*redis_.Command({"TTL", redis_.Keys("steam_calls:*")[0]}));
  EXPECT_GT(left, 86'400);
}

TEST_F(RecentlyPlayedGames, RecordsAreTheGoldenOnes) {
  ASSERT_EQ(Run({kGamesTask, "--count", "12"}).exit_code, 0);
  const auto messages = Topic(kGamesTopic);
  EXPECT_EQ(AsTable(messages), GoldenRecords("rct_plyd_games.tsv"));
  for (const auto& message : messages) {
    const JsonValue value(message.value);
    EXPECT_EQ(value.Raw("/appid"), message.key);
    EXPECT_TRUE(IsOfNow(value.Text("/timestamp"))) << message.value;
    std::map<std::string, std::string> headers = message.headers;
    EXPECT_EQ(headers["event_id"], std::string(kGamesTopic) + "/" + kMinute + "/" +
                                       value.Text("/steam_id") + "/" + message.key);
    EXPECT_EQ(headers["content-type"], "application/json");
    EXPECT_EQ(headers["dag_id"], "test_dag");
    EXPECT_EQ(headers["run_id"], kRunId);
    EXPECT_FALSE(headers["task_version"].empty());
    EXPECT_EQ(headers.size(), 5u);
  }
}

TEST_F(RecentlyPlayedGames, RecordsSayWhichTraceTheyBelongTo) {
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  environment_["TRACEPARENT"] = trace;
  Ended run = Run({kGamesTask, "--count", "12"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.err, "");
  const auto messages = Topic(kGamesTopic);
  EXPECT_FALSE(messages.empty());
  for (const auto& message : messages) EXPECT_EQ(message.headers.at("traceparent"), trace);

  environment_["TRACEPARENT"] = "00-" + trace;
  run = Run({kGamesTask, "--count", "12"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.err.find("TRACEPARENT is ignored"), std::string::npos) << run.err;
  const auto all = Topic(kGamesTopic);
  const auto traced = [](const Message& message) {
    return message.headers.contains("traceparent");
  };
  EXPECT_GT(all.size(), messages.size());
  EXPECT_EQ(std::count_if(all.begin(), all.end(), traced), std::ssize(messages));
}

TEST_F(RecentlyPlayedGames, RunWithNothingToDeliverIsASuccess) {
  // The first id of the walk whose account does not exist.
  std::uint64_t id = kFirstGamesId;
  while (accounts_.AccountOf(id) != Account::kAbsent) --id;
  const Ended run = Run({kGamesTask, "--start-id", ToText(id), "--count", "1"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Result().Number("/kafka/records"), 0);
  EXPECT_EQ(run.Result().Number("/source/items/absent"), 1);
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(id - 1));
}

TEST_F(RecentlyPlayedGames, WithoutThePrefilterAsksForEveryId) {
  const Ended run = Run({kGamesTask, "--no-prefilter", "--count", "50"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(Requests("GetPlayerSummaries"), 0u);
  EXPECT_EQ(Requests("GetRecentlyPlayedGames"), 50u);
  EXPECT_EQ(EventIdsOnce(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, 50));
  EXPECT_EQ(run.Result().Number("/source/items/absent"), 0);  // looks the same as withheld
}

TEST_F(RecentlyPlayedGames, RerunHasTheSameEventIds) {
  environment_["AIRFLOW_CTX_LOGICAL_DATE"] = MinuteFromNow();
  ASSERT_EQ(Run({kGamesTask}).exit_code, 0);
  const auto first = Topic(kGamesTopic);
  redis_.Set("last_steam_id", ToText(kFirstGamesId));
  ASSERT_EQ(Run({kGamesTask, "--logical-date", MinuteFromNow(1)}).exit_code, 0);
  const auto both = Topic(kGamesTopic);
  EXPECT_EQ(both.size(), 2 * first.size());
  EXPECT_EQ(EventIds(both), EventIdsOnce(first));
}

TEST_F(RecentlyPlayedGames, RetriesWhatIsOverTheLimit) {
  Fault(R"({"kind":"status","status":429,"times":3})");
  const Ended run = Run({kGamesTask});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/source/retries"), 3);
  EXPECT_NE(run.err, "");
  EXPECT_EQ(EventIdsOnce(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, 100));
  EXPECT_EQ(CallsCounted(), Requests());
}

TEST_F(RecentlyPlayedGames, AnErrorThatOnlyAHeaderTellsIsNoPrivateProfile) {
  const std::uint64_t id = PublicIds(accounts_, kFirstGamesId, 100)[2];
  const auto response = [&](const std::string& eresult, int times) {
    standin_.ClearFaults();
    Fault(R"({"match":{"method":"GetRecentlyPlayedGames","steamid":")" + ToText(id) +
          R"("},"kind":"status","status":200,"headers":{)" + eresult +
          R"("Content-Type":"application/json"},"body":"{\"response\":{}}","times":)" +
          std::to_string(times) + "}");
    redis_.Command({"FLUSHALL"});
    return Run({kGamesTask, "--topic", UniqueTopic("eresult")});
  };
  for (const char* code : {"2", "16", "20", "84", "busy"}) {
    const std::string header = std::string(R"("X-eresult":")") + code + "\",";
    const Ended passing = response(header, 1);
    EXPECT_EQ(passing.exit_code, 0) << passing.out;
    EXPECT_EQ(passing.Result().Number("/source/retries"), 1) << code;
    const Ended held = response(header, -1);
    EXPECT_EQ(held.exit_code, 75) << held.out;
    EXPECT_EQ(held.Result().Text("/cursors/0/to"), ToText(id));
    EXPECT_NE(held.Result().Text("/error/message").find(code), std::string::npos) << held.out;
  }
  for (const char* header : {"", R"("X-eresult":"15",)", R"("X-eresult":"1",)"}) {
    const Ended run = response(header, -1);
    EXPECT_EQ(run.exit_code, 0) << run.out;
    EXPECT_EQ(run.Result().Number("/source/retries"), 0) << "withheld: " << header;
  }
}

TEST_F(RecentlyPlayedGames, ABodyWithDataWinsOverItsHeader) {
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames"},"kind":"status","status":200,)"
        R"("headers":{"X-eresult":"84"},"body":"{\"response\":{\"total_count\":1,)"
        R"(\"games\":[{\"appid\":570}]}}"})");
  const Ended run = Run({kGamesTask});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/source/retries"), 0);
}

TEST_F(RecentlyPlayedGames, BrokerDownLeavesTheCursor) {
  ASSERT_FALSE(accounts_.RecentGames(kFirstGamesId).empty());
  rd_kafka_mock_broker_set_down(kafka_.cluster(), 1);
  const Ended run = Run({kGamesTask, "--deadline", "2"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_TRUE(run.Result().Bool("/retryable"));
  EXPECT_EQ(run.Result().Text("/error/kind"), "transient");
  EXPECT_LT(run.seconds, 5);
  EXPECT_EQ(redis_.Get("last_steam_id").value_or(ToText(kFirstGamesId)), ToText(kFirstGamesId));
}

TEST_F(RecentlyPlayedGames, PrintsRecordsAndMovesNoCursor) {
  environment_.erase("AIRFLOW_CONN_KAFKA_DEFAULT");
  const Ended run = Run({kGamesTask, "--sink", "stdout"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto lines = run.Lines();
  std::set<std::string> ids;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    const JsonValue line(lines[i]);
    EXPECT_EQ(line.Names(),
              (std::vector<std::string>{"topic", "key", "event_id", "headers", "value"}));
    EXPECT_EQ(line.Text("/topic"), kGamesTopic);
    EXPECT_EQ(line.Text("/headers/event_id"), line.Text("/event_id"));
    EXPECT_EQ(line.Raw("/value/appid"), line.Text("/key"));
    ids.insert(line.Text("/event_id"));
  }
  EXPECT_EQ(ids, ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, 100));
  const JsonValue result = run.Result();
  EXPECT_FALSE(result.Has("/kafka"));
  EXPECT_FALSE(result.Has("/cursors"));
  EXPECT_EQ(result.Raw("/sink"),
            R"({"type":"stdout","records":)" + std::to_string(lines.size() - 1) + "}");
  EXPECT_EQ(redis_.Keys("last_*").size(), 0u);
  EXPECT_EQ(CallsCounted(), Requests());
}

TEST_F(RecentlyPlayedGames, DryRunAsksAndWritesOnlyTheCallBudget) {
  redis_.Set("last_steam_id", "76561197960400000");
  environment_.erase("AIRFLOW_CONN_KAFKA_DEFAULT");
  const Ended run = Run({kGamesTask, "--dry-run"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Lines().size(), 1u);
  EXPECT_EQ(run.Result().Raw("/sink"),
            R"({"type":"none","records":)" +
                std::to_string(ExpectedGames(accounts_, "", "", 76561197960400000, 100).size()) +
                "}");
  EXPECT_EQ(redis_.Get("last_steam_id"), "76561197960400000");
  EXPECT_EQ(redis_.Keys("last_*").size(), 1u);
  EXPECT_EQ(CallsCounted(), Requests());
  EXPECT_GT(Requests(), 1u);
}

}  // namespace
}  // namespace steamflow::test
