#include "cursor.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "redis_test.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::RedisTest;

using CursorTest = RedisTest;

TEST_F(CursorTest, MovesFromWhatWasRead) {
  server_.Set("c", "100");
  const CursorResult result = MoveCursor(client_, {"c", "100", "90", "", {}});
  EXPECT_TRUE(result.advanced);
  EXPECT_EQ(result.key, "c");
  EXPECT_EQ(result.from, "100");
  EXPECT_EQ(result.to, "90");
  EXPECT_EQ(server_.Get("c"), "90");
}

TEST_F(CursorTest, MovesFromMissing) {
  EXPECT_TRUE(MoveCursor(client_, {"c", std::nullopt, "90", "", {}}).advanced);
  EXPECT_EQ(server_.Get("c"), "90");
  const CursorResult again = MoveCursor(client_, {"c", std::nullopt, "80", "", {}});
  EXPECT_FALSE(again.advanced);
  EXPECT_EQ(again.to, "90");
  EXPECT_EQ(server_.Get("c"), "90");
}

TEST_F(CursorTest, LeavesWhatAnotherRunHasMoved) {
  server_.Set("c", "50");
  server_.Set("c:pass", "old");
  server_.Command({"HSET", "c:failures", "99", "4"});
  const CursorResult result = MoveCursor(client_, {"c", "100", "90", "new", {"99"}});
  EXPECT_FALSE(result.advanced);
  EXPECT_EQ(result.to, "50");
  EXPECT_EQ(server_.Get("c"), "50");
  EXPECT_EQ(server_.Get("c:pass"), "old");
  EXPECT_EQ(server_.Hash("c:failures").size(), 1U);
}

TEST_F(CursorTest, LeavesWhatWasDeleted) {
  const CursorResult result = MoveCursor(client_, {"c", "100", "90", "", {}});
  EXPECT_FALSE(result.advanced);
  EXPECT_EQ(result.to, "");
  EXPECT_FALSE(server_.Get("c"));
}

TEST_F(CursorTest, ComparesIdsToTheirLastDigit) {
  // As Lua numbers these two would be one.
  server_.Set("c", "76561197960265729");
  EXPECT_FALSE(MoveCursor(client_, {"c", "76561197960265728", "5", "", {}}).advanced);
  EXPECT_TRUE(
      MoveCursor(client_, {"c", "76561197960265729", "76561197960265728", "", {}}).advanced);
  EXPECT_EQ(server_.Get("c"), "76561197960265728");
}

TEST_F(CursorTest, SetsThePassAndForgetsFailuresInTheSameStep) {
  for (const char* id : {"99", "98", "5"}) server_.Command({"HSET", "c:failures", id, "2"});
  EXPECT_TRUE(
      MoveCursor(client_, {"c", std::nullopt, "90", "2026-11-22T22:34Z", {"99", "98"}}).advanced);
  EXPECT_EQ(server_.Get("c:pass"), "2026-11-22T22:34Z");
  EXPECT_THAT(server_.Hash("c:failures"), testing::ElementsAre(testing::Pair("5", "2")));
}

TEST_F(CursorTest, LeavesACursorOfAnotherPass) {
  // A new pass has come to the very id at which this run's pass was.
  server_.Set("c", "100");
  server_.Set("c:pass", "2026-11-23T00:00Z");
  CursorMove move{"c", "100", "90", "", {}};
  move.expected_pass = "2026-11-22T22:34Z";
  EXPECT_FALSE(MoveCursor(client_, move).advanced);
  EXPECT_EQ(server_.Get("c"), "100");
  move.expected_pass = "2026-11-23T00:00Z";
  EXPECT_TRUE(MoveCursor(client_, move).advanced);
}

TEST_F(CursorTest, AKeyOfAnotherTypeIsDataAndStays) {
  server_.Command({"RPUSH", "c", "x"});
  EXPECT_EQ(CodeOf([&] { MoveCursor(client_, {"c", "100", "90", "", {}}); }), ExitCode::kData);
  EXPECT_EQ(server_.Command({"LLEN", "c"}), "1");
}

TEST_F(CursorTest, OfManyRunsAtATimeEachStepIsMadeByOne) {
  server_.Set("c", "1000");
  std::atomic<int> advanced = 0;
  std::vector<std::thread> runs;
  for (int run = 0; run < 8; ++run) {
    runs.emplace_back([&] {
      RedisClient client(Settings(), test_.stop());
      std::string held = "1000";
      while (held != "0") {
        const std::string next = std::to_string(std::stoi(held) - 10);
        const CursorResult result = MoveCursor(client, {"c", held, next, "", {}});
        advanced += result.advanced ? 1 : 0;
        held = result.to;
      }
    });
  }
  for (std::thread& run : runs) run.join();
  EXPECT_EQ(advanced, 100);
  EXPECT_EQ(server_.Get("c"), "0");
}

}  // namespace
}  // namespace steamflow
