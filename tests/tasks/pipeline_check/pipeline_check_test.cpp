#include <csignal>

#include "mock_kafka.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kTask[] = "pipeline-check";
const std::vector<std::string> kTopics{"topic_currPlayer", "rct_plyd_games", "topic_GetUserInfo",
                                       "steamusers",       "steam_news",     "steam_dead_letters"};

class PipelineCheck : public TaskTest {
 protected:
  PipelineCheck() {
    for (const std::string& topic : kTopics) {
      rd_kafka_mock_topic_create(kafka_.cluster(), topic.c_str(), 6, 1);
    }
  }

  // Returns the names of the checks that failed in the result. The lines must say the same.
  static std::vector<std::string> Failed(const Ended& run) {
    const JsonValue result = run.Result();
    const auto lines = run.Lines();
    std::vector<std::string> failed;
    EXPECT_EQ(lines.size(), result.Size("/checks") + 1) << run.out;
    for (std::size_t i = 0; i < result.Size("/checks"); ++i) {
      const std::string check = "/checks/" + std::to_string(i);
      const std::string name = result.Text(check + "/name");
      const bool ok = result.Bool(check + "/ok");
      EXPECT_EQ(lines[i].substr(0, 6 + name.size()), (ok ? "ok    " : "FAIL  ") + name);
      EXPECT_NE(lines[i].find(result.Text(check + "/message")), std::string::npos) << lines[i];
      EXPECT_GE(result.Number(check + "/milliseconds"), 0);
      if (!ok) failed.push_back(name);
    }
    return failed;
  }
  using Names = std::vector<std::string>;
};

TEST_F(PipelineCheck, AllIsWell) {
  const Ended run = Run({kTask});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(Failed(run), Names{});
  EXPECT_EQ(run.Lines().size(), 5 + kTopics.size() + 1);
  EXPECT_EQ(run.Result().Names(), (Names{"task", "version", "status", "exit_code", "retryable",
                                         "run", "checks", "error", "elapsed_seconds"}));
  EXPECT_EQ(CallsCounted(), 1u);
  EXPECT_EQ(Requests("GetPlayerSummaries"), 1u);
  EXPECT_EQ(Requests("GetNumberOfCurrentPlayers"), 1u);
  EXPECT_EQ(redis_.Keys().size(), 1u) << "only the budget's counter may exist";
}

TEST_F(PipelineCheck, ASettingThatIsWrongStopsNoOtherCheck) {
  Environment environment{{"AIRFLOW_VAR_STEAM_API_URL", standin_.url()},
                          {"AIRFLOW_VAR_STEAM_GAMES", "{\"Palworld\":"},
                          {"AIRFLOW_VAR_STEAM_NEWS_APPS", "[0]"},
                          {"AIRFLOW_VAR_STEAM_TIMEZONE", "Mars/Olympus"},
                          {"AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET", "many"}};
  const Ended run = RunProgram({kTask}, environment);
  EXPECT_EQ(run.exit_code, 78) << run.out;
  EXPECT_EQ(Failed(run), (Names{"settings", "key", "redis", "kafka"}));
  for (const char* setting :
       {"AIRFLOW_VAR_STEAM_GAMES", "AIRFLOW_VAR_STEAM_NEWS_APPS", "AIRFLOW_VAR_STEAM_TIMEZONE",
        "AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET", "AIRFLOW_VAR_STEAM_API_KEY",
        "AIRFLOW_CONN_REDIS_DEFAULT", "AIRFLOW_CONN_KAFKA_DEFAULT"}) {
    EXPECT_NE(run.out.find(setting), std::string::npos) << setting;
  }
  EXPECT_EQ(Requests("GetPlayerSummaries"), 0u);
}

TEST_F(PipelineCheck, AMissingTopicIsConfiguration) {
  MockKafka empty;
  rd_kafka_mock_topic_create(empty.cluster(), "rct_plyd_games", 6, 1);
  environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://" + empty.brokers();
  const Ended run = Run({kTask});
  EXPECT_EQ(run.exit_code, 78) << run.out;
  EXPECT_EQ(Failed(run),
            (Names{"topic topic_currPlayer", "topic topic_GetUserInfo", "topic steamusers",
                   "topic steam_news", "topic steam_dead_letters"}));
  EXPECT_NE(run.out.find("kafka-create-topics"), std::string::npos);
}

TEST_F(PipelineCheck, APartitionWithoutLeaderIsTransient) {
  rd_kafka_mock_partition_set_leader(kafka_.cluster(), "steam_news", 2, -1);
  const Ended run = Run({kTask});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(Failed(run), Names{"topic steam_news"});
}

// The cluster responds, but names a broker that cannot be reached.
TEST_F(PipelineCheck, ALeaderThatDoesNotAnswerIsNamedWithItsAddress) {
  MockKafka two(2);
  for (const std::string& topic : kTopics) {
    rd_kafka_mock_topic_create(two.cluster(), topic.c_str(), 6, 1);
    rd_kafka_mock_partition_set_leader(two.cluster(), topic.c_str(), 0, 1);
    for (int i = 1; i < 6; ++i) {
      const bool is_news = topic == "steam_news";
      rd_kafka_mock_partition_set_leader(two.cluster(), topic.c_str(), i, is_news ? 2 : 1);
    }
  }
  const std::string brokers = two.brokers();
  const std::string first = brokers.substr(0, brokers.find(','));
  const std::string second = brokers.substr(brokers.find(',') + 1);
  rd_kafka_mock_broker_set_down(two.cluster(), 2);
  environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://" + first;
  const Ended run = Run({kTask});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(Failed(run), (Names{"kafka", "topic steam_news"}));
  EXPECT_NE(run.out.find("no response from 2 at " + second), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("broker 2, which leads partition 1"), std::string::npos) << run.out;
}

TEST_F(PipelineCheck, ARefusedKeyIsNotShown) {
  environment_["AIRFLOW_VAR_STEAM_API_KEY"] = "a-key-that-is-refused";
  const Ended run = Run({kTask, "--log-level", "debug"});
  EXPECT_EQ(run.exit_code, 77) << run.out;
  EXPECT_EQ(Failed(run), Names{"key"});
  EXPECT_EQ((run.out + run.err).find("a-key-that-is-refused"), std::string::npos);
  EXPECT_EQ(Requests("GetPlayerSummaries"), 1u) << "a refusal is not retried";
}

TEST_F(PipelineCheck, TheApiMayFailOnce) {
  Fault(R"({"match":{"method":"GetNumberOfCurrentPlayers"},"kind":"status","status":503,)"
        R"("times":1})");
  const Ended run = Run({kTask});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(Failed(run), Names{});
}

TEST_F(PipelineCheck, WhatTheApiDoesWrong) {
  const std::vector<std::pair<std::string, int>> faults{
      {R"({"kind":"status","status":500,"times":-1})", 75},
      {R"({"kind":"html200","times":-1})", 75},
      {R"({"kind":"edge_block","times":-1})", 75},
      {R"({"kind":"redirect","location":"http://127.0.0.1:1/","times":-1})", 78},
  };
  for (const auto& [fault, code] : faults) {
    standin_.ClearFaults();
    Fault(fault);
    const Ended run = Run({kTask, "--retries", "1"});
    EXPECT_EQ(run.exit_code, code) << fault << run.out;
    EXPECT_EQ(Failed(run), (Names{"api", "key"})) << fault;
  }
}

TEST_F(PipelineCheck, TheDeadlineBoundsWhatHangs) {
  Fault(R"({"kind":"silence","times":-1})");
  const Ended run = Run({kTask, "--deadline", "2"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(Failed(run), (Names{"api", "key"}));
  EXPECT_LT(run.seconds, 5);
}

TEST_F(PipelineCheck, BrokersThatAreDown) {
  rd_kafka_mock_broker_set_down(kafka_.cluster(), 1);
  const Ended run = Run({kTask, "--deadline", "2"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(Failed(run), Names{"kafka"});
  EXPECT_NE(run.out.find("AIRFLOW_CONN_KAFKA_DEFAULT"), std::string::npos);
}

TEST_F(PipelineCheck, RedisThatIsDown) {
  redis_.process().Send(SIGKILL);
  redis_.process().Wait();
  const Ended run = Run({kTask});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(Failed(run), (Names{"key", "redis"}));
  EXPECT_EQ(Requests("GetPlayerSummaries"), 0u) << "a call that cannot be counted must not be made";
}

TEST_F(PipelineCheck, EachShardOfAWalkIsLookedAt) {
  redis_.Set("last_user_id:grid", "76561197960434622/100/2");
  redis_.Set("last_user_id:0/2", "76561197960434622");
  const Ended well = Run({kTask});
  EXPECT_EQ(well.exit_code, 0) << well.out
                               << "a sharded walk in the middle of a pass is not an error";
  redis_.Set("last_user_id:1/2", "seventy");
  const Ended run = Run({kTask});
  EXPECT_EQ(run.exit_code, 65) << run.out;
  EXPECT_NE(run.out.find("last_user_id:1/2"), std::string::npos) << run.out;
}

TEST_F(PipelineCheck, GarbageInRedisIsForAPerson) {
  redis_.Set("last_steam_id", "seventy");
  redis_.Command({"LPUSH", "last_user_id", "1"});
  redis_.Command({"HSET", "news_seen:1623730", "since", "yesterday"});
  rd_kafka_mock_broker_set_down(kafka_.cluster(), 1);  // a failure that may pass
  const Ended run = Run({kTask, "--deadline", "2"});
  EXPECT_EQ(run.exit_code, 65) << run.out;
  EXPECT_EQ(run.Result().Text("/error/kind"), "data");
  EXPECT_EQ(Failed(run).front(), "redis");
  for (const char* cursor : {"last_steam_id", "last_user_id", "news_seen:1623730"}) {
    EXPECT_NE(run.Lines()[3].find(cursor), std::string::npos) << run.Lines()[3];
  }
  EXPECT_EQ(redis_.Get("last_steam_id"), "seventy");
}

TEST_F(PipelineCheck, WhatRedisHoldsCannotForgeALine) {
  redis_.Set("last_steam_id", "1\nok    redis\x1b[2J");
  const Ended run = Run({kTask});
  EXPECT_EQ(run.exit_code, 65) << run.out;
  EXPECT_EQ(run.Lines().size(), 5 + kTopics.size() + 1);
  EXPECT_EQ(run.out.find('\x1b'), std::string::npos);
}

TEST_F(PipelineCheck, AWalkAtItsEndIsNoFailure) {
  redis_.Set("last_steam_id", ToText(kLowestId - 1));
  redis_.Set("last_user_id", ToText(kLowestId));
  EXPECT_EQ(Run({kTask}).exit_code, 0);
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(kLowestId - 1));
  EXPECT_EQ(redis_.Get("last_user_id:pass"), std::nullopt);
}

TEST_F(PipelineCheck, CostsACallOfTheBudgetAndSaysWhenItIsSpent) {
  environment_["AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET"] = "2";
  EXPECT_EQ(Run({kTask}).exit_code, 0);
  EXPECT_EQ(Run({kTask}).exit_code, 0);
  EXPECT_EQ(CallsCounted(), 2u);
  const Ended run = Run({kTask});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(Failed(run), Names{"key"});
  EXPECT_NE(run.out.find("STEAM_DAILY_CALL_BUDGET"), std::string::npos);
  EXPECT_EQ(CallsCounted(), 2u);
  EXPECT_EQ(Requests("GetPlayerSummaries"), 2u);
}

TEST_F(PipelineCheck, WithoutABudgetTheKeyNeedsNoRedis) {
  environment_["AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET"] = "-1";
  environment_.erase("AIRFLOW_CONN_REDIS_DEFAULT");
  const Ended run = Run({kTask});
  EXPECT_EQ(run.exit_code, 78) << run.out;
  EXPECT_EQ(Failed(run), Names{"redis"});
  EXPECT_EQ(Requests("GetPlayerSummaries"), 1u);
}

TEST_F(PipelineCheck, AWrongPasswordIsNotShown) {
  const RedisServer locked("the right one");
  environment_["AIRFLOW_CONN_REDIS_DEFAULT"] =
      "redis://:the%20wrong%20one@127.0.0.1:" + std::to_string(locked.port()) + "/0";
  const Ended run = Run({kTask});
  EXPECT_EQ(run.exit_code, 77) << run.out;
  EXPECT_EQ(Failed(run), (Names{"key", "redis"}));
  EXPECT_EQ((run.out + run.err).find("the wrong one"), std::string::npos);
  EXPECT_EQ((run.out + run.err).find("the%20wrong"), std::string::npos);
}

TEST_F(PipelineCheck, SigtermEndsItAtOnce) {
  Fault(R"({"kind":"silence","times":-1})");
  Program program({kTask}, environment_, Streams::kMerged);
  ASSERT_TRUE(Eventually([&] { return Requests() > 0; }));
  program.Send(SIGTERM);
  const Ended run = program.Wait();
  EXPECT_EQ(run.exit_code, 143) << run.out;
  EXPECT_LT(run.seconds, 8);
  EXPECT_EQ(run.Result().Text("/error/kind"), "interrupted") << "the result is the last line";
}

TEST_F(PipelineCheck, AFullDiskIsToldByTheExitCode) {
  const Ended run =
      RunProgram({"/bin/sh", "-c", "exec \"$0\" > /dev/full", BinaryPath(kTask)}, environment_);
  EXPECT_EQ(run.exit_code, 74) << run.err;
}

}  // namespace
}  // namespace steamflow::test
