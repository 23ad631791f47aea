#include "call_budget.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "redis_fixture.h"
#include "timestamp.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::RedisTest;

constexpr char kKey[] = "0123456789ABCDEF";

using CallBudgetTest = RedisTest;

TEST_F(CallBudgetTest, TheCounterIsNamedAfterTheKeysHashAndTheDay) {
  CallBudget budget(client_, kKey, 10);
  // The first 12 digits of the SHA-256 of the key.
  EXPECT_EQ(budget.key(), "steam_calls:2125b2c332b1:" + FormatDate(Now()));
  EXPECT_TRUE(budget.Take(1));
  EXPECT_EQ(server_.Get(budget.key()), "1");
  EXPECT_EQ(budget.Used(), 1U);
  const int seconds = std::stoi(*server_.Command({"TTL", budget.key()}));
  EXPECT_GT(seconds, 86'400);
  EXPECT_LE(seconds, 2 * 86'400);
}

TEST_F(CallBudgetTest, ReservesInPortionsAndGivesBackTheRest) {
  CallBudget budget(client_, kKey, 1'000);
  EXPECT_EQ(budget.left(), std::nullopt);
  EXPECT_TRUE(budget.Take(250));
  EXPECT_EQ(budget.Used(), 100U);
  EXPECT_EQ(budget.left(), 900U);
  for (int i = 1; i < 100; ++i) EXPECT_TRUE(budget.Take(250 - static_cast<std::size_t>(i)));
  EXPECT_EQ(budget.Used(), 100U) << "a call does not need a round trip";
  EXPECT_TRUE(budget.Take(150));
  EXPECT_EQ(budget.Used(), 200U);
  budget.GiveBack();
  EXPECT_EQ(budget.Used(), 101U);
  EXPECT_EQ(budget.left(), 899U);
  budget.GiveBack();
  EXPECT_EQ(budget.Used(), 101U);
  EXPECT_EQ(budget.left(), 899U);
}

TEST_F(CallBudgetTest, EndsAtTheLimitExactly) {
  CallBudget budget(client_, kKey, 7);
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(budget.Take(5)) << i;
  EXPECT_FALSE(budget.Take(5));
  EXPECT_FALSE(budget.Take(1));
  EXPECT_EQ(budget.Used(), 7U);
  CallBudget none(client_, kKey, 0);
  EXPECT_FALSE(none.Take(1));
}

TEST_F(CallBudgetTest, ALowerLimitThanWasUsedGrantsNothing) {
  CallBudget high(client_, kKey, 50);
  EXPECT_TRUE(high.Take(20));
  CallBudget low(client_, kKey, 10);
  EXPECT_FALSE(low.Take(1));
  EXPECT_EQ(low.Used(), 20U);
  EXPECT_EQ(low.left(), 0U);
}

TEST_F(CallBudgetTest, EachKeyHasItsOwn) {
  CallBudget one(client_, "key one", 1);
  CallBudget two(client_, "key two", 1);
  EXPECT_TRUE(one.Take(1));
  EXPECT_TRUE(two.Take(1));
  EXPECT_FALSE(one.Take(1));
}

TEST_F(CallBudgetTest, ManyTasksNeverPassTheLimitTogether) {
  std::atomic<int> calls = 0;
  std::vector<std::thread> tasks;
  for (std::size_t task = 0; task < 8; ++task) {
    tasks.emplace_back([&, task] {
      RedisClient client(Settings(), test_.stop());
      for (int round = 0; round < 20; ++round) {
        CallBudget budget(client, kKey, 500);
        for (int i = 0; i < 11 && budget.Take(1 + task * 3); ++i) ++calls;
        budget.GiveBack();
      }
    });
  }
  for (std::thread& task : tasks) task.join();
  EXPECT_LE(calls, 500);
  EXPECT_EQ(server_.Get(CallBudget(client_, kKey, 500).key()), std::to_string(calls));
}

TEST_F(CallBudgetTest, ACounterThatIsNoNumberIsData) {
  CallBudget budget(client_, kKey, 10);
  for (const char* held : {"many", "", "-5", "1.5", "12x"}) {
    server_.Set(budget.key(), held);
    std::string message;
    EXPECT_EQ(CodeOf([&] { budget.Take(1); }, &message), ExitCode::kData) << held;
    EXPECT_EQ(CodeOf([&] { budget.Used(); }), ExitCode::kData) << held;
    EXPECT_EQ(server_.Get(budget.key()), held);
  }
  server_.Command({"DEL", budget.key()});
  server_.Command({"RPUSH", budget.key(), "x"});
  std::string message;
  EXPECT_EQ(CodeOf([&] { budget.Take(1); }, &message), ExitCode::kData);
  EXPECT_NE(message.find(budget.key()), std::string::npos) << message;
}

TEST_F(CallBudgetTest, ACounterDeletedMeanwhileDoesNotGoBelowZero) {
  CallBudget budget(client_, kKey, 1'000);
  EXPECT_TRUE(budget.Take(100));
  server_.Command({"DEL", budget.key()});
  CallBudget other(client_, kKey, 1'000);
  EXPECT_TRUE(other.Take(1));
  budget.GiveBack();
  EXPECT_EQ(server_.Get(budget.key()), "0")
      << "a negative counter would be refused for the whole day";
  EXPECT_TRUE(other.Take(1));
}

TEST_F(CallBudgetTest, ACounterThatIsGoneStaysAway) {
  CallBudget budget(client_, kKey, 1'000);
  EXPECT_TRUE(budget.Take(100));
  server_.Command({"DEL", budget.key()});
  budget.GiveBack();
  EXPECT_FALSE(server_.Get(budget.key()));
}

}  // namespace
}  // namespace steamflow
