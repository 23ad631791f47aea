#pragma once

#include <gmock/gmock.h>

#include <optional>
#include <string>

#include "key_store.h"
#include "redis_fixture.h"
#include "steam_urls.h"
#include "walk.h"

namespace steamflow {

inline constexpr std::uint64_t kWalkStart = steam_api::kLowestId + 999;

// A walk with its state in a real Redis. The test sets the time.
class WalkFixture : public test::RedisTest {
 protected:
  WalkFixture() { SetTime("2026-11-22T22:34:00Z"); }

  // Sets both the clock and the logical date.
  void SetTime(const char* time) { test_.identity.logical_date = now_ = *ParseInstant(time); }
  Walk Begin(bool read_only = false) {
    return Walk(options_, std::nullopt, topic_, test_.run(), &store_, read_only, now_);
  }
  // A complete run, in which all ids are delivered.
  void Complete() {
    Walk walk = Begin();
    walk.Advance(walk.ids().size());
  }
  // Returns the message with which a run is refused.
  std::string Refusal() {
    std::string message;
    EXPECT_EQ(test::CodeOf([&] { Begin(); }, &message), ExitCode::kData);
    return message;
  }
  const CursorResult& Cursor() { return test_.result.cursors.back(); }

  RedisKeyStore store_{client_};
  Instant now_;
  std::string topic_ = "games";
  WalkOptions options_{
      .cursor_key = "last_steam_id", .topic = "games", .start_id = kWalkStart, .count = 100};
};

}  // namespace steamflow
