// The pass of a walk: when it begins and ends, and when it continues under a new name.

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

class WalkPassTest : public WalkFixture {};

TEST_F(WalkPassTest, APassThatAWrongClockHasNamedIsRefused) {
  SetTime("2099-01-05T00:00:00Z");
  Complete();
  SetTime("2026-11-22T22:35:00Z");
  EXPECT_THAT(Refusal(), testing::HasSubstr("2099-01-05T00:00Z"));
  server_.Set("last_steam_id:pass", "2026-11-23T22:35Z");
  Begin();  // a day ahead of the clock is allowed
}

TEST_F(WalkPassTest, WrapBeginsANewPassAtOnce) {
  server_.Set("last_steam_id", fmt::to_string(kLowestId - 1));
  server_.Set("last_steam_id:pass", "2026-01-01T00:00Z");
  options_.wrap = true;
  Walk walk = Begin();
  EXPECT_EQ(walk.ids().Id(0), kStart);
  EXPECT_EQ(walk.pass(), "2026-11-22T22:34Z");
  EXPECT_EQ(server_.Get("last_steam_id"), fmt::to_string(kStart));
  EXPECT_EQ(server_.Get("last_steam_id:pass"), "2026-11-22T22:34Z");
}

TEST_F(WalkPassTest, APassWithoutACursorBeginsANewOne) {
  Complete();
  server_.Command({"DEL", "last_steam_id"});
  Walk again = Begin();  // at the same time and with the same logical date
  EXPECT_EQ(again.ids().Id(0), kStart);
  EXPECT_EQ(again.pass(), "2026-11-22T22:35Z") << "the pass must be later than the previous one";
}

TEST_F(WalkPassTest, ACursorWithoutAPassBeginsOneWhereItStands) {
  server_.Set("last_steam_id", fmt::to_string(kStart - 250));
  Walk walk = Begin();
  EXPECT_EQ(walk.ids().Id(0), kStart - 250);
  EXPECT_EQ(server_.Get("last_steam_id:pass"), "2026-11-22T22:34Z");
}

TEST_F(WalkPassTest, DeletedAsToldBeginsANewPass) {
  Complete();
  server_.Set("last_steam_id", "garbage");
  Refusal();
  server_.Command({"DEL", "last_steam_id", "last_steam_id:pass", "last_steam_id:failures"});
  SetTime("2026-11-22T22:39:00Z");
  Walk walk = Begin();
  EXPECT_EQ(walk.ids().Id(0), kStart);
  EXPECT_EQ(walk.pass(), "2026-11-22T22:39Z");
}

TEST_F(WalkPassTest, AClearedOldRunBeginsALaterPassAllTheSame) {
  server_.Set("last_steam_id", fmt::to_string(kLowestId - 1));
  server_.Set("last_steam_id:pass", "2026-11-22T20:00Z");
  options_.wrap = true;
  test_.identity.logical_date = *ParseInstant("2026-11-22T19:00:00Z");
  EXPECT_EQ(Begin().pass(), "2026-11-22T22:34Z") << "the minute of the clock";
}

TEST_F(WalkPassTest, APassOutlastsItsMonthUnderANewName) {
  SetTime("2026-11-30T23:59:00Z");
  Complete();
  const Walk late = Begin();  // its ids may be in Kafka by now
  SetTime("2026-12-01T00:00:30Z");
  {
    Walk walk = Begin();
    EXPECT_EQ(walk.pass(), "2026-11-30T23:59Z")
        << "some of the remaining ids were requested in this pass";
    walk.Advance(40);
  }
  {
    Walk walk = Begin();
    EXPECT_EQ(walk.pass(), "2026-11-30T23:59Z");
    walk.Advance(100);  // 40 ids farther than any earlier run had requested
  }
  test_.identity.logical_date = *ParseInstant("2026-11-30T12:00:00Z");  // an old run was cleared
  Walk walk = Begin();
  EXPECT_EQ(walk.ids().Id(0), kStart - 240);
  EXPECT_EQ(walk.pass(), "2026-12-01T00:00Z");
  EXPECT_EQ(server_.Get("last_steam_id:pass"), "2026-12-01T00:00Z");
}

TEST_F(WalkPassTest, APassIsNeverBegunFarAheadOfTheClock) {
  test_.identity.logical_date = *ParseInstant("2099-01-01T00:00:00Z");
  EXPECT_EQ(Begin().pass(), "2026-11-22T22:34Z");
  server_.Set("last_steam_id", fmt::to_string(kLowestId - 1));
  server_.Set("last_steam_id:pass", "2099-01-01T00:00Z");
  options_.wrap = true;
  EXPECT_THAT(Refusal(), testing::HasSubstr("last_steam_id:pass"));
}

// Another run begins a new pass after this run has read and before it writes.
TEST_F(WalkPassTest, CursorAndPassAreOfTheSameMoment) {
  server_.Set("last_steam_id", fmt::to_string(kLowestId));
  server_.Set("last_steam_id:pass", "2026-11-22T20:00Z");
  class Wrapping : public KeyStore {
   public:
    Wrapping(KeyStore& store, std::function<void()> between)
        : store_(store), between_(std::move(between)) {}
    Snapshot Read(const std::vector<std::string>& keys, const std::string& hash) override {
      Snapshot snapshot = store_.Read(keys, hash);
      std::exchange(between_, [] {})();
      return snapshot;
    }

   private:
    Written TryWrite(const KeyChange& change) override {
      return store_.Write(change) ? Written::kYes : Written::kNo;
    }
    KeyStore& store_;
    std::function<void()> between_;
  };
  options_.wrap = true;
  Wrapping store(store_, [&] {
    Complete();
    Begin();  // begins a new pass
  });
  const Walk walk(options_, std::nullopt, topic_, test_.run(), &store, false, now_);
  EXPECT_EQ(walk.pass(), "2026-11-22T22:34Z");
  EXPECT_EQ(walk.ids().Id(0), kStart) << "the new pass must not use the old block";
}

}  // namespace
}  // namespace steamflow
