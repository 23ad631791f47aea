// The daily number of calls of a key is never exceeded, is shared, and unused calls are given back.

#include "task_fixture.h"

namespace steamflow::test {
namespace {

class CallBudget : public TaskTest {
 protected:
  void Limit(std::uint64_t calls) {
    environment_["AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET"] = ToText(calls);
  }
};

TEST_F(CallBudget, SpentAtTheStartIs99WithoutACall) {
  Limit(0);
  const Ended run = Run({kGamesTask});
  EXPECT_EQ(run.exit_code, 99) << run.out;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.Result().Text("/status"), "skipped");
  EXPECT_EQ(run.Result().Text("/error/kind"), "skipped");
  EXPECT_EQ(Requests(), 0u);
  EXPECT_EQ(CallsCounted(), 0u);
  EXPECT_EQ(redis_.Get("last_steam_id").value_or(ToText(kFirstGamesId)), ToText(kFirstGamesId));
}

TEST_F(CallBudget, UsedUpPartWayDeliversWhatWasFetched) {
  Limit(11);
  const Ended run = Run({kGamesTask});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(Requests(), 11u);
  EXPECT_EQ(CallsCounted(), 11u);
  EXPECT_EQ(run.Result().Number("/source/requests"), 11);
  const auto ids = PublicIds(accounts_, kFirstGamesId, 100);
  const std::uint64_t next = ids[10];  // ten were requested
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(next));
  EXPECT_EQ(EventIdsOnce(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, kFirstGamesId - next));
  EXPECT_EQ(Run({kGamesTask}).exit_code, 99);
  EXPECT_EQ(Requests(), 11u);
  Limit(1000);
  EXPECT_EQ(Run({kGamesTask}).exit_code, 0);
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(next - 100));
}

TEST_F(CallBudget, UsedUpByARetryIsASuccessToo) {
  Limit(1);
  Fault(R"({"kind":"status","status":503})");
  const Ended run = Run({kPlayersTask});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(Requests(), 1u);
  EXPECT_EQ(CallsCounted(), 1u);
  EXPECT_EQ(redis_.Get("last_user_id").value_or(ToText(kFirstPlayersId)), ToText(kFirstPlayersId));
}

TEST_F(CallBudget, RetriesCount) {
  Fault(R"({"kind":"status","status":503,"times":3})");
  EXPECT_EQ(Run({kPlayersTask}).exit_code, 0);
  EXPECT_EQ(CallsCounted(), 4u);
}

TEST_F(CallBudget, WhatWasNotUsedIsGivenBack) {
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames"},"skip":5,"kind":"edge_block","times":-1})");
  const Ended run = Run({kGamesTask, "--max-in-flight", "1"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(Requests(), 7u);
  EXPECT_EQ(CallsCounted(), 7u);
}

TEST_F(CallBudget, ConcurrentTasksNeverPassIt) {
  Limit(60);
  Fault(R"({"kind":"latency","ms":20,"times":-1})");
  std::vector<std::unique_ptr<Program>> runs;
  for (int i = 0; i < 4; ++i) {
    runs.push_back(std::make_unique<Program>(
        std::vector<std::string>{kGamesTask, "--shard", std::to_string(i) + "/4"}, environment_));
  }
  for (auto& run : runs) {
    const Ended ended = run->Wait();
    EXPECT_TRUE(ended.exit_code == 0 || ended.exit_code == 99) << ended.out;
  }
  EXPECT_LE(Requests(), 60u);
  EXPECT_EQ(CallsCounted(), Requests());
  EXPECT_GT(Requests(), 20u);
}

TEST_F(CallBudget, NoLimitCountsNothing) {
  environment_["AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET"] = "-1";
  EXPECT_EQ(Run({kGamesTask}).exit_code, 0);
  EXPECT_EQ(CallsCounted(), 0u);
}

TEST_F(CallBudget, GarbageInTheCounterIs65AndStays) {
  Run({kPlayersTask});
  const std::string key = redis_.Keys("steam_calls:*")[0];
  for (const char* garbage : {"many", "-3", "1.5", ""}) {
    redis_.Set(key, garbage);
    standin_.Control("DELETE", "/standin/requests");
    const Ended run = Run({kPlayersTask});
    EXPECT_EQ(run.exit_code, 65) << run.out;
    EXPECT_NE(run.Result().Text("/error/message").find(key), std::string::npos) << run.out;
    EXPECT_EQ(redis_.Get(key), garbage);
    EXPECT_EQ(Requests(), 0u);
  }
}

TEST_F(CallBudget, EachKeyHasItsOwn) {
  Limit(1);
  standin::Standin other;
  environment_["AIRFLOW_VAR_STEAM_API_URL"] = other.url();
  EXPECT_EQ(Run({kPlayersTask}).exit_code, 0);
  EXPECT_EQ(Run({kPlayersTask}).exit_code, 99);
  environment_["AIRFLOW_VAR_STEAM_API_KEY"] = "another-key";
  EXPECT_EQ(Run({kPlayersTask}).exit_code, 0);
  EXPECT_EQ(redis_.Keys("steam_calls:*").size(), 2u);
}

}  // namespace
}  // namespace steamflow::test
