// The walk's state in Redis.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <functional>

#include "walk_fixture.h"

namespace steamflow {
namespace {

using steam_api::kHighestId;
using steam_api::kLowestId;
using test::CodeOf;

constexpr std::uint64_t kStart = kWalkStart;

class WalkStateTest : public WalkFixture {};

TEST_F(WalkStateTest, GarbageInTheGridOfAnUnshardedWalkGoesAsItsMessageSays) {
  Complete();
  server_.Set("last_steam_id:grid", "x");
  EXPECT_THAT(Refusal(), testing::HasSubstr("last_steam_id:grid and"));
  server_.Command({"DEL", "last_steam_id:grid"});
  server_.Command({"RPUSH", "last_steam_id:grid", "x"});
  EXPECT_THAT(Refusal(), testing::HasSubstr("last_steam_id:grid and"));
}

TEST_F(WalkStateTest, BeginsAtTheStartAndGoesOnFromTheCursor) {
  {
    Walk walk = Begin();
    EXPECT_EQ(walk.ids().Id(0), kStart);
    EXPECT_EQ(server_.Get("last_steam_id:pass"), "2026-11-22T22:34Z")
        << "the pass is stored before any request";
    EXPECT_EQ(server_.Get("last_steam_id"), fmt::to_string(kStart))
        << "the cursor is stored together with the pass";
    walk.Advance(100);
  }
  EXPECT_EQ(Cursor().from, fmt::to_string(kStart));
  EXPECT_EQ(Cursor().to, fmt::to_string(kStart - 100));
  EXPECT_EQ(Cursor().position, kStart - 100 - (kLowestId - 1))
      << "the position is the account number";
  EXPECT_TRUE(Cursor().advanced);
  test_.identity.logical_date += std::chrono::minutes(5);
  Walk walk = Begin();
  EXPECT_EQ(walk.ids().Id(0), kStart - 100);
  EXPECT_EQ(walk.pass(), "2026-11-22T22:34Z") << "the minute of the pass, not of this run";
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
  EXPECT_EQ(slow.pass(), fast.pass()) << "the same records need the same event ids";
}

TEST_F(WalkStateTest, TheEndIsASkip) {
  server_.Set("last_steam_id", fmt::to_string(kLowestId));
  {
    Walk walk = Begin();
    EXPECT_EQ(walk.ids().size(), 1U);
    walk.Advance(1);
  }
  EXPECT_EQ(server_.Get("last_steam_id"), fmt::to_string(kLowestId - 1));
  EXPECT_EQ(CodeOf([&] { Begin(); }), ExitCode::kSkipped);
}

TEST_F(WalkStateTest, ADryRunWritesNothing) {
  Walk walk = Begin(true);
  EXPECT_EQ(walk.ids().Id(0), kStart);
  walk.Advance(100);
  EXPECT_FALSE(walk.failures().Count(kStart));
  EXPECT_TRUE(server_.Keys().empty());
  EXPECT_TRUE(test_.result.cursors.empty());
  server_.Set("last_steam_id", fmt::to_string(kLowestId - 1));
  options_.wrap = true;
  EXPECT_EQ(Begin(true).ids().Id(0), kStart);
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
    for (const char* key : {"last_steam_id,", "last_steam_id:pass", "last_steam_id:failures"}) {
      EXPECT_THAT(message, testing::HasSubstr(key));
    }
    EXPECT_THAT(message, testing::Not(testing::HasSubstr(":grid")))
        << "only a sharded walk has this key";
    EXPECT_EQ(server_.Get("last_steam_id"), held);
    EXPECT_FALSE(server_.Get("last_steam_id:pass"));
  }
  server_.Set("last_steam_id", fmt::to_string(kHighestId));
  EXPECT_EQ(Begin().ids().Id(0), kHighestId) << "a cursor above --start-id is valid";
  for (const char* held : {"", "yesterday", "2026-11-22T22:34:00Z", "2026-11-22"}) {
    server_.Set("last_steam_id:pass", held);
    EXPECT_EQ(CodeOf([&] { Begin(); }), ExitCode::kData) << held;
  }
  server_.Command({"DEL", "last_steam_id:pass"});
  server_.Command({"RPUSH", "last_steam_id:failures", "x"});
  EXPECT_THAT(Refusal(), testing::HasSubstr("last_steam_id:failures"));
  server_.Command({"DEL", "last_steam_id:failures"});
  server_.Command({"HSET", "last_steam_id:failures", "x", "1"});
  EXPECT_THAT(Refusal(), testing::HasSubstr("'x' = '1'"));
  server_.Command({"DEL", "last_steam_id:failures"});
  for (const char* held : {"", "x", "1/2/3"}) {
    server_.Set("last_steam_id:grid", held);
    EXPECT_THAT(Refusal(), testing::HasSubstr("delete")) << held;
  }
}

TEST_F(WalkStateTest, EachShardHasItsOwnState) {
  options_.shard = "1/3";
  Walk walk = Begin();
  EXPECT_EQ(walk.ids().Id(0), kStart - 100);
  walk.Advance(100);
  EXPECT_EQ(server_.Get("last_steam_id:1/3"), fmt::to_string(kStart - 400));
  EXPECT_EQ(server_.Get("last_steam_id:1/3:pass"), "2026-11-22T22:34Z");
  EXPECT_EQ(server_.Get("last_steam_id:grid"), "76561197960266728/100/3");
  options_.shard = "0/3";
  EXPECT_EQ(Begin().ids().Id(0), kStart);
  EXPECT_EQ(Begin().pass(), "2026-11-22T22:34Z") << "the shards begin in the same minute";
}

TEST_F(WalkStateTest, AShardBeyondTheLastIdHasNothingToDo) {
  options_.count = 1'000;
  options_.shard = "1/2";
  EXPECT_EQ(CodeOf([&] { Begin(); }), ExitCode::kSkipped);
  options_.wrap = true;
  EXPECT_EQ(CodeOf([&] { Begin(); }), ExitCode::kSkipped) << "its next pass has no ids either";
}

TEST_F(WalkStateTest, NotesFailuresWithTheCursorAndForgetsThem) {
  {
    Walk walk = Begin();
    walk.failures().Count(kStart - 5);
    walk.failures().Count(kStart - 50);
    walk.Advance(5);
  }
  const std::string once = "1/2026-11-22T22:34:00Z";
  EXPECT_THAT(server_.Hash("last_steam_id:failures"),
              testing::ElementsAre(testing::Pair(fmt::to_string(kStart - 50), once),
                                   testing::Pair(fmt::to_string(kStart - 5), once)));
  {
    Walk walk = Begin();
    walk.failures().Count(kStart - 50);
    walk.failures().Forget(kStart - 5);
    walk.Advance(45);
  }
  EXPECT_THAT(
      server_.Hash("last_steam_id:failures"),
      testing::ElementsAre(testing::Pair(fmt::to_string(kStart - 50), "2/2026-11-22T22:34:00Z")));
}

TEST_F(WalkStateTest, ARunThatLosesNotesNothing) {
  Walk slow = Begin();
  Complete();
  EXPECT_FALSE(slow.IsCurrent());
  slow.failures().Count(kStart);
  slow.Advance(0);
  EXPECT_TRUE(server_.Hash("last_steam_id:failures").empty());
  EXPECT_EQ(Cursor().to, fmt::to_string(kStart - 100));
}

TEST_F(WalkStateTest, AnotherTopicHasAWalkOfItsOwn) {
  Complete();
  const auto before = server_.Keys();
  topic_ = "trial";
  Complete();
  EXPECT_EQ(server_.Get("last_steam_id@trial"), fmt::to_string(kStart - 100));
  EXPECT_EQ(server_.Get("last_steam_id"), fmt::to_string(kStart - 100));
  options_.shard = "0/2";
  server_.Set("last_steam_id@trial", fmt::to_string(kLowestId - 1));
  Complete();
  EXPECT_EQ(server_.Get("last_steam_id@trial:0/2"), fmt::to_string(kStart - 200));
  EXPECT_TRUE(server_.Get("last_steam_id@trial:grid"));
  for (const std::string& key : server_.Keys()) {
    EXPECT_TRUE(std::count(before.begin(), before.end(), key) == 1 ||
                key.rfind("last_steam_id@trial", 0) == 0)
        << key;
  }
}

TEST_F(WalkStateTest, AnotherGridIsRefusedUntilAllItsShardsAreAtTheEnd) {
  options_.shard = "0/2";
  while (server_.Get("last_steam_id:0/2") != fmt::to_string(kLowestId - 1)) Complete();
  const WalkOptions first = options_;
  options_.count = 20;
  for (const auto& [shard, start] : std::map<std::string, std::uint64_t>{
           {"0/2", kStart}, {"1/2", kStart}, {"0/3", kStart}, {"", kStart}, {"1/2", kStart - 1}}) {
    options_.shard = shard;
    options_.start_id = start;
    const std::string message = Refusal();
    EXPECT_THAT(message,
                testing::HasSubstr("--start-id 76561197960266728 --count 100 --shard I/2"));
    for (const char* key : {"last_steam_id:grid", "last_steam_id:I/2", "last_steam_id:I/2:pass",
                            "last_steam_id:I/2:failures"}) {
      EXPECT_THAT(message, testing::HasSubstr(key));
    }
  }
  options_ = first;
  options_.shard = "1/2";
  while (server_.Get("last_steam_id:1/2") != fmt::to_string(kLowestId - 1)) Complete();
  // No pass is under way, so the grid may be changed.
  options_.count = 20;
  EXPECT_EQ(CodeOf([&] { Begin(); }), ExitCode::kSkipped)
      << "the walk is at its end and has no --wrap";
  options_.wrap = true;
  EXPECT_EQ(Begin().pass(), "2026-11-22T22:35Z")
      << "the pass must be later than the passes of all shards";
  EXPECT_EQ(server_.Get("last_steam_id:grid"), "76561197960266728/20/2");
  options_.shard = "0/2";
  options_.wrap = false;
  EXPECT_EQ(Begin().pass(), "2026-11-22T22:35Z") << "the other shards begin a new pass as well";
  options_.count = 100;
  EXPECT_THAT(Refusal(), testing::HasSubstr("--count 20"));
}

TEST_F(WalkStateTest, AShardBesideAnUnshardedPassIsRefused) {
  Complete();
  options_.shard = "0/2";
  EXPECT_THAT(Refusal(), testing::HasSubstr("last_steam_id:pass"));
  EXPECT_FALSE(server_.Get("last_steam_id:grid"));
  server_.Set("last_steam_id", fmt::to_string(kLowestId - 1));
  EXPECT_EQ(Begin().pass(), "2026-11-22T22:35Z")
      << "the pass must be later than the pass of all ids";
}

TEST_F(WalkStateTest, WhereTheGridWasDeletedEachShardKeepsToItsOwn) {
  for (const char* shard : {"0/2", "1/2"}) {
    options_.shard = shard;
    Complete();
  }
  server_.Set("last_steam_id:0/2", "garbage");
  options_.shard = "0/2";
  EXPECT_THAT(Refusal(), testing::HasSubstr("last_steam_id:grid"));
  server_.Command({"DEL", "last_steam_id:0/2", "last_steam_id:0/2:pass",
                   "last_steam_id:0/2:failures", "last_steam_id:grid"});
  options_.count = 20;
  Complete();
  options_.shard = "1/2";
  EXPECT_THAT(Refusal(), testing::HasSubstr("--count 100")) << "it would skip ids of its pass";
}

}  // namespace
}  // namespace steamflow
