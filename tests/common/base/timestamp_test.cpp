#include "timestamp.h"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

#include "test_run.h"

namespace steamflow {
namespace {

using std::chrono::seconds;
using test::ScopedEnvironment;

Instant At(std::int64_t epoch_seconds) {
  return Instant(seconds(epoch_seconds));
}

struct Valid {
  std::string_view text;
  std::string_view utc;
};

TEST(ParseInstantTest, ReadsIso8601) {
  const Valid cases[] = {
      {"2026-11-22", "2026-11-22T00:00:00Z"},
      {"2026-11-22T22:34", "2026-11-22T22:34:00Z"},
      {"2026-11-22T22:34Z", "2026-11-22T22:34:00Z"},
      {"2026-11-22T22:34:56", "2026-11-22T22:34:56Z"},  // a time without an offset is UTC
      {"2026-11-22 22:34:56Z", "2026-11-22T22:34:56Z"},
      {"2026-11-22T22:34:56z", "2026-11-22T22:34:56Z"},
      {"2026-11-22T22:34:56.123456+00:00", "2026-11-22T22:34:56Z"},
      {"2026-11-22T22:34:56.999999999999Z", "2026-11-22T22:34:56Z"},
      {"2026-11-23T07:34:56+09:00", "2026-11-22T22:34:56Z"},
      {"2026-11-23T07:34:56+0900", "2026-11-22T22:34:56Z"},
      {"2026-11-23T07:34:56+09", "2026-11-22T22:34:56Z"},
      {"2026-11-22T19:04:56-03:30", "2026-11-22T22:34:56Z"},
      {"2026-11-23T04:19:56+05:45", "2026-11-22T22:34:56Z"},
      {"2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"},
      {"2000-02-29", "2000-02-29T00:00:00Z"},
      {"2024-03-01T00:00:00+09:00", "2024-02-29T15:00:00Z"},
      {"1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"},
      {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
  };
  for (const Valid& each : cases) {
    const auto instant = ParseInstant(each.text);
    ASSERT_TRUE(instant) << each.text;
    EXPECT_EQ(FormatUtc(*instant), each.utc) << each.text;
  }
}

TEST(ParseInstantTest, RefusesTheRest) {
  for (const char* text : {"",
                           "now",
                           "2026",
                           "2026-11",
                           "2026-1-2",
                           "20261122",
                           "2026-11-22T",
                           "2026-11-22T22",
                           "2026-11-22T22:3",
                           "2026-11-22T24:00",
                           "2026-11-22T22:60",
                           "2026-11-22T22:34:60",
                           "2026-11-22T22:34:5",
                           "2026-02-29",
                           "1900-02-29",
                           "2026-02-30",
                           "2026-04-31",
                           "2026-13-01",
                           "2026-00-01",
                           "2026-01-00",
                           "2026-11-22T22:34:56+",
                           "2026-11-22T22:34:56+9",
                           "2026-11-22T22:34:56+24:00",
                           "2026-11-22T22:34:56+09:60",
                           "2026-11-22T22:34:56+09:",
                           "2026-11-22T22:34:56Zx",
                           "2026-11-22 ",
                           " 2026-11-22",
                           "+026-11-22",
                           "-026-11-22",
                           "2026-11-22T-0:34",
                           "2026-11-22T22:-0",
                           "2026-11-22T22:34:-0",
                           "2026-11-22T22:34:56+-0",
                           "2026-11-22T22:34:56 +09:00",
                           "2026-11-22t22:34"}) {
    EXPECT_FALSE(ParseInstant(text)) << text;
  }
}

TEST(ParseInstantTest, LeavesTheRestWhereAskedTo) {
  std::string_view rest;
  EXPECT_EQ(FormatUtc(*ParseInstant("2026-11-22T22:34:00+00:00_a1B2", &rest)),
            "2026-11-22T22:34:00Z");
  EXPECT_EQ(rest, "_a1B2");
  EXPECT_TRUE(ParseInstant("2026-11-22", &rest));
  EXPECT_EQ(rest, "");
  EXPECT_FALSE(ParseInstant("x2026-11-22", &rest));
}

TEST(ParseInstantTest, IsTheInverseOfFormatting) {
  std::mt19937_64 random(3);
  std::uniform_int_distribution<std::int64_t> any(-62'135'596'800, 253'402'300'799);
  for (int round = 0; round < 5'000; ++round) {
    const Instant instant = At(any(random));
    ASSERT_EQ(ParseInstant(FormatUtc(instant)), instant);
    ASSERT_EQ(ParseInstant(FormatMinute(instant)),
              std::chrono::floor<std::chrono::minutes>(instant));
    ASSERT_EQ(ParseInstant(FormatDate(instant)), std::chrono::floor<std::chrono::days>(instant));
  }
}

TEST(FormatUtcTest, DoesNotDependOnTheZoneOfTheProcess) {
  const ScopedEnvironment environment("TZ", std::nullopt);
  for (const char* zone : {"Asia/Seoul", "America/St_Johns", "UTC"}) {
    ASSERT_TRUE(TimeZone::Find(zone));
    EXPECT_EQ(FormatUtc(At(1'795'386'840)), "2026-11-22T22:34:00Z") << zone;
    EXPECT_EQ(FormatMinute(At(1'795'386'840)), "2026-11-22T22:34Z") << zone;
    EXPECT_EQ(FormatDate(At(1'795'386'840)), "2026-11-22") << zone;
  }
}

TEST(TimeZoneTest, FormatsWithTheOffsetOfThatMoment) {
  const ScopedEnvironment environment("TZ", std::nullopt);
  const Instant winter = At(1'795'386'840);  // 2026-11-22T22:34:00Z
  const Instant summer = At(1'784'759'640);  // 2026-07-22T22:34:00Z
  EXPECT_EQ(TimeZone::Find("Asia/Seoul")->Format(winter), "2026-11-23T07:34:00+09:00");
  EXPECT_EQ(TimeZone::Find("UTC")->Format(winter), "2026-11-22T22:34:00+00:00");
  EXPECT_EQ(TimeZone::Find("America/St_Johns")->Format(winter), "2026-11-22T19:04:00-03:30");
  EXPECT_EQ(TimeZone::Find("America/St_Johns")->Format(summer), "2026-07-22T20:04:00-02:30");
  EXPECT_EQ(TimeZone::Find("Asia/Kathmandu")->Format(winter), "2026-11-23T04:19:00+05:45");
  EXPECT_EQ(TimeZone::Find("Pacific/Marquesas")->Format(winter), "2026-11-22T13:04:00-09:30");
  EXPECT_EQ(TimeZone::Find("Pacific/Kiritimati")->Format(winter), "2026-11-23T12:34:00+14:00");
}

TEST(TimeZoneTest, WhatItFormatsIsTheSameInstant) {
  const ScopedEnvironment environment("TZ", std::nullopt);
  std::mt19937_64 random(4);
  std::uniform_int_distribution<std::int64_t> any(0, 4'102'444'800);
  for (const char* name : {"Asia/Seoul", "America/New_York", "Australia/Lord_Howe"}) {
    const TimeZone zone = TimeZone::Find(name).value();
    for (int round = 0; round < 500; ++round) {
      const Instant instant = At(any(random));
      ASSERT_EQ(ParseInstant(zone.Format(instant)), instant) << name;
    }
  }
}

TEST(TimeZoneTest, RefusesWhatTheDatabaseDoesNotHave) {
  const ScopedEnvironment environment("TZ", std::nullopt);
  for (const std::string name :
       {"", "Asia/Soul", "Asia", "KST", "../../etc/passwd", "/usr/share/zoneinfo/Asia/Seoul",
        ":Asia/Seoul", "asia/seoul ", "KST-9", "zone.tab", "tzdata.zi"}) {
    EXPECT_FALSE(TimeZone::Find(name)) << name;
  }
}

TEST(NowTest, IsTheClockOfTheSystem) {
  const auto before = std::chrono::system_clock::now();
  const Instant now = Now();
  EXPECT_LE(now, std::chrono::system_clock::now());
  EXPECT_GT(now, before - seconds(1));
}

}  // namespace
}  // namespace steamflow
