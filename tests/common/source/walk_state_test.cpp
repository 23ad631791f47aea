// The walk's state in Redis.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "redis_test.h"
#include "steam_urls.h"
#include "walk.h"

namespace steamflow {
namespace {

using steam_api::kHighestId;
using steam_api::kLowestId;
using test::CodeOf;
using test::RedisTest;

constexpr std::uint64_t kStart = kLowestId + 999;

class WalkStateTest : public RedisTest {
 protected:
  WalkStateTest() { test_.identity.logical_date = *ParseInstant("2026-11-22T22:34:00Z"); }

  Walk Begin(bool read_only = false) { return Walk(options_, test_.run(), &client_, read_only); }
  const CursorResult& Cursor() { return test_.result.cursors.back(); }

  WalkOptions options_{.cursor_key = "last_steam_id", .start_id = kStart, .count = 100};
};

TEST_F(WalkStateTest, BeginsAtTheStartAndGoesOnFromTheCursor) {
  {
    Walk walk = Begin();
    EXPECT_EQ(walk.block().first, kStart);
    EXPECT_EQ(server_.Get("last_steam_id:pass"), "2026-11-22T22:34Z") << "before any request";
    EXPECT_FALSE(server_.Get("last_steam_id"));
    walk.Advance(100);
  }
  EXPECT_EQ(Cursor().from, fmt::to_string(kStart));
  EXPECT_EQ(Cursor().to, fmt::to_string(kStart - 100));
  EXPECT_TRUE(Cursor().advanced);
  test_.identity.logical_date += std::chrono::minutes(5);
  Walk walk = Begin();
  EXPECT_EQ(walk.block().first, kStart - 100);
  EXPECT_EQ(walk.pass(), "2026-11-22T22:34Z") << "that of the pass, not of this run";
}

TEST_F(WalkStateTest, MovesOnlyOverWhatIsDone) {
  {
    Walk walk = Begin();
    walk.Advance(37);
  }
  EXPECT_EQ(server_.Get("last_steam_id"), fmt::to_string(kStart - 37));
  Walk walk = Begin();
  walk.Advance(0);
  EXPECT_EQ(server_.Get("last_steam_id"), fmt::to_string(kStart - 37));
  EXPECT_FALSE(Cursor().advanced);
  EXPECT_EQ(Cursor().to, fmt::to_string(kStart - 37));
}

TEST_F(WalkStateTest, OfTwoOverlappingRunsOneMovesTheCursor) {
  Walk slow = Begin();
  Walk fast = Begin();
  fast.Advance(100);
  EXPECT_TRUE(Cursor().advanced);
  slow.Advance(50);
  EXPECT_FALSE(Cursor().advanced);
  EXPECT_EQ(Cursor().to, fmt::to_string(kStart - 100));
  EXPECT_EQ(server_.Get("last_steam_id"), fmt::to_string(kStart - 100));
  EXPECT_EQ(slow.pass(), fast.pass()) << "the same records under the same event ids";
}

TEST_F(WalkStateTest, TheEndIsASkip) {
  server_.Set("last_steam_id", fmt::to_string(kLowestId));
  {
    Walk walk = Begin();
    EXPECT_EQ(walk.block().size, 1U);
    walk.Advance(1);
  }
  EXPECT_EQ(server_.Get("last_steam_id"), fmt::to_string(kLowestId - 1));
  EXPECT_EQ(CodeOf([&] { Begin(); }), ExitCode::kSkipped);
}

TEST_F(WalkStateTest, WrapBeginsANewPassAtOnce) {
  server_.Set("last_steam_id", fmt::to_string(kLowestId - 1));
  server_.Set("last_steam_id:pass", "2026-01-01T00:00Z");
  options_.wrap = true;
  Walk walk = Begin();
  EXPECT_EQ(walk.block().first, kStart);
  EXPECT_EQ(walk.pass(), "2026-11-22T22:34Z");
  EXPECT_EQ(server_.Get("last_steam_id"), fmt::to_string(kStart));
  EXPECT_EQ(server_.Get("last_steam_id:pass"), "2026-11-22T22:34Z");
}

TEST_F(WalkStateTest, ADryRunWritesNothing) {
  Walk walk = Begin(true);
  EXPECT_EQ(walk.block().first, kStart);
  walk.Advance(100);
  EXPECT_EQ(walk.CountFailure(kStart), 0);
  EXPECT_TRUE(server_.Keys().empty());
  EXPECT_TRUE(test_.result.cursors.empty());
  server_.Set("last_steam_id", fmt::to_string(kLowestId - 1));
  options_.wrap = true;
  EXPECT_EQ(Begin(true).block().first, kStart);
  EXPECT_EQ(server_.Keys().size(), 1U);
}

TEST_F(WalkStateTest, GarbageIsDataAndStays) {
  for (const std::string& held :
       {std::string("x"), std::string(""), std::string("-1"), std::string("0"),
        std::string("76561197960265729.0"), std::string(" 76561197960265729"),
        std::string("7.6e16"), std::string("18446744073709551616"), fmt::to_string(kLowestId - 2),
        fmt::to_string(kHighestId + 1)}) {
    server_.Set("last_steam_id", held);
    std::string message;
    EXPECT_EQ(CodeOf([&] { Begin(); }, &message), ExitCode::kData) << held;
    EXPECT_THAT(message, testing::HasSubstr("last_steam_id"));
    EXPECT_EQ(server_.Get("last_steam_id"), held);
    EXPECT_FALSE(server_.Get("last_steam_id:pass"));
  }
  server_.Set("last_steam_id", fmt::to_string(kHighestId));
  EXPECT_EQ(Begin().block().first, kHighestId) << "above --start-id is no garbage";
  for (const char* held : {"", "yesterday", "2026-11-22T22:34:00Z", "2026-11-22"}) {
    server_.Set("last_steam_id:pass", held);
    EXPECT_EQ(CodeOf([&] { Begin(); }), ExitCode::kData) << held;
  }
  server_.Command({"DEL", "last_steam_id:pass"});
  server_.Command({"RPUSH", "last_steam_id:failures", "x"});
  EXPECT_EQ(CodeOf([&] { Begin(); }), ExitCode::kData);
}

TEST_F(WalkStateTest, EachShardHasItsOwnState) {
  options_.shard = "1/3";
  Walk walk = Begin();
  EXPECT_EQ(walk.block().first, kStart - 100);
  walk.Advance(100);
  EXPECT_EQ(server_.Get("last_steam_id:1/3"), fmt::to_string(kStart - 400));
  EXPECT_EQ(server_.Get("last_steam_id:1/3:pass"), "2026-11-22T22:34Z");
  options_.shard = "0/2";
  EXPECT_EQ(Begin().block().first, kStart);
}

TEST_F(WalkStateTest, AShardBeyondTheLastIdHasNothingToDo) {
  options_.count = 1'000;
  options_.shard = "1/2";
  EXPECT_EQ(CodeOf([&] { Begin(); }), ExitCode::kSkipped);
  options_.wrap = true;
  EXPECT_EQ(CodeOf([&] { Begin(); }), ExitCode::kSkipped) << "nor has its next pass";
}

TEST_F(WalkStateTest, CountsFailuresAndForgetsThemOncePassed) {
  {
    Walk walk = Begin();
    EXPECT_EQ(walk.Failures(kStart - 5), 0);
    EXPECT_EQ(walk.CountFailure(kStart - 5), 1);
    EXPECT_EQ(walk.CountFailure(kStart - 50), 1);
    walk.Advance(5);
  }
  {
    Walk walk = Begin();
    EXPECT_EQ(walk.Failures(kStart - 5), 1);
    EXPECT_EQ(walk.CountFailure(kStart - 5), 2);
    walk.Advance(20);
  }
  EXPECT_THAT(server_.Hash("last_steam_id:failures"),
              testing::ElementsAre(testing::Pair(fmt::to_string(kStart - 50), "1")));
}

}  // namespace
}  // namespace steamflow
