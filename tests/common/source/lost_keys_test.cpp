// A Redis that loses single keys of a walk, as a full Redis with an eviction policy does.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "key_store.h"
#include "redis_fixture.h"
#include "steam_urls.h"
#include "walk.h"

namespace steamflow {
namespace {

using steam_api::kLowestId;
using test::CodeOf;
using test::RedisTest;

constexpr std::uint64_t kStart = kLowestId + 999;

class LostKeysTest : public RedisTest {
 protected:
  LostKeysTest() { SetTime("2026-10-31T23:50:00Z"); }

  void SetTime(const char* time) { test_.identity.logical_date = now_ = *ParseInstant(time); }
  Walk Begin() { return Walk(options_, std::nullopt, "games", test_.run(), &store_, false, now_); }

  RedisKeyStore store_{client_};
  Instant now_;
  WalkOptions options_{
      .cursor_key = "last_steam_id", .topic = "games", .start_id = kStart, .count = 100};
};

// Without the reach it is unknown which ids of the pass were requested. The pass keeps its name
// until that is known again.
TEST_F(LostKeysTest, WithoutItsReachAPassGoesOnIntoTheNextMonth) {
  {
    Walk walk = Begin();  // killed after it has delivered
  }
  server_.Command({"DEL", "last_steam_id:reach"});
  SetTime("2026-11-01T00:10:00Z");
  {
    Walk walk = Begin();
    EXPECT_EQ(walk.pass(), "2026-10-31T23:50Z") << "records may exist under this name";
    walk.Advance(100);
  }
  Walk walk = Begin();
  EXPECT_EQ(walk.pass(), "2026-11-01T00:10Z");
}

TEST_F(LostKeysTest, WithoutAPassOrACursorANewOneBegins) {
  for (const char* lost : {"last_steam_id:pass", "last_steam_id"}) {
    {
      Walk walk = Begin();
      walk.Advance(100);
    }
    server_.Command({"DEL", lost});
    now_ += std::chrono::minutes(5);
    test_.identity.logical_date = now_;
    Walk walk = Begin();
    EXPECT_EQ(walk.pass(), FormatMinute(now_)) << lost;
    server_.Command({"FLUSHALL"});
  }
}

// Either of the two keys identifies the grid.
TEST_F(LostKeysTest, WithoutTheGridOrTheReachAnotherGridIsRefused) {
  options_.shard = "0/2";
  {
    Walk walk = Begin();
    walk.Advance(50);
  }
  options_.count = 20;
  for (const char* lost : {"last_steam_id:grid", "last_steam_id:0/2:reach"}) {
    const auto held = server_.Get(lost);
    ASSERT_TRUE(held) << lost;
    server_.Command({"DEL", lost});
    EXPECT_EQ(CodeOf([&] { Begin(); }), ExitCode::kData) << lost;
    server_.Set(lost, *held);
  }
}

// Another run, or the eviction, changes a key while this run is under way.
TEST_F(LostKeysTest, AKeyThatGoesDuringTheRunStopsTheCursor) {
  for (const char* lost : {"last_steam_id:pass", "last_steam_id"}) {
    Walk walk = Begin();
    server_.Command({"DEL", lost});
    walk.Advance(100);
    EXPECT_FALSE(test_.result.cursors.back().advanced) << lost;
    server_.Command({"FLUSHALL"});
  }
}

}  // namespace
}  // namespace steamflow
