#include "walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "flags.h"
#include "steam_urls.h"
#include "test_run.h"
#include "walk_pass.h"

namespace steamflow {
namespace {

using steam_api::kHighestId;
using steam_api::kLowestId;
using test::CodeOf;
using test::TestRun;

WalkOptions Options(std::uint64_t start, std::uint64_t count) {
  return {.cursor_key = "last_steam_id", .topic = "players", .start_id = start, .count = count};
}

TEST(WalkGridTest, TakesCountIdsDownward) {
  const Block block = Options(kLowestId + 999, 100).Grid().BlockAt(kLowestId + 499);
  EXPECT_EQ(block.first, kLowestId + 499);
  EXPECT_EQ(block.size, 100U);
  EXPECT_EQ(block.next, kLowestId + 399);
  EXPECT_EQ(block.end(), kLowestId + 399);
}

TEST(WalkGridTest, TheLastBlockTakesWhatIsLeft) {
  const WalkGrid grid = Options(kLowestId + 999, 100).Grid();
  EXPECT_EQ(grid.BlockAt(kLowestId + 99).next, kLowestId - 1);
  Block block = grid.BlockAt(kLowestId + 98);
  EXPECT_EQ(block.size, 99U);
  EXPECT_EQ(block.next, kLowestId - 1);
  block = grid.BlockAt(kLowestId);
  EXPECT_EQ(block.size, 1U);
  EXPECT_EQ(block.next, kLowestId - 1);
  block = grid.BlockAt(kLowestId - 1);
  EXPECT_EQ(block.size, 0U) << "the walk is at its end";
}

TEST(WalkGridTest, HoldsAtBothEndsOfTheIdRange) {
  const Block all = Options(kHighestId, std::uint64_t{1} << 32U).Grid().BlockAt(kHighestId);
  EXPECT_EQ(all.size, kHighestId - kLowestId + 1);
  EXPECT_EQ(all.next, kLowestId - 1);
  EXPECT_EQ(kLowestId, 76561197960265729U);
  EXPECT_EQ(kHighestId, 76561197960265728U + 0xFFFFFFFFU);
}

TEST(WalkGridTest, AShardStandsInItsOwnBlocksOnly) {
  const WalkGrid grid{kLowestId + 999, 100, {1, 3, true}};
  EXPECT_TRUE(grid.Holds(kLowestId + 899));
  EXPECT_FALSE(grid.Holds(kLowestId + 999));
  EXPECT_FALSE(grid.Holds(kLowestId + 799));
  EXPECT_FALSE(grid.Holds(kLowestId + 1000)) << "this is above the first id";
  EXPECT_TRUE(grid.Holds(kLowestId - 1)) << "the end is the end of all shards";
}

TEST(WalkGridTest, ItsTextSaysWhatTheShardsHaveInCommon) {
  const WalkGrid grid{kLowestId + 999, 100, {1, 3, true}};
  EXPECT_EQ(grid.Text(), "76561197960266728/100/3");
  const auto read = ParseWalkGrid(grid.Text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->Text(), grid.Text());
  for (const char* text : {"", "/", "//", "76561197960266728/100", "76561197960266728/100/3/",
                           "76561197960266728/0/3", "76561197960266728/100/0", "1/100/3",
                           "76561197960266728/100/10001", "x/100/3", "76561197960266728//3"}) {
    EXPECT_FALSE(ParseWalkGrid(text)) << text;
  }
}

// With any settings, and wherever in its block a run stops, the shards of a pass take every id
// once.
TEST(WalkGridTest, TheShardsOfAPassTakeEveryIdOnce) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 400; ++round) {
    const std::uint64_t ids = 1 + random() % 3'000;
    const std::uint64_t count = 1 + random() % 300;
    const std::uint64_t shards = 1 + random() % 12;
    std::vector<int> taken(ids);
    for (std::uint64_t index = 0; index < shards; ++index) {
      const WalkGrid grid{kLowestId - 1 + ids, count, {index, shards, shards > 1}};
      std::uint64_t cursor = grid.First();
      for (;;) {
        ASSERT_TRUE(grid.Holds(cursor));
        const Block block = grid.BlockAt(cursor);
        if (block.size == 0) break;
        ASSERT_EQ(block.first, cursor);
        ASSERT_LE(block.size, count);
        ASSERT_LE(block.next, block.end());
        // A run stops after some of its ids, or comes to the end of its block.
        const std::uint64_t done = random() % 3 == 0 ? random() % block.size : block.size;
        for (std::uint64_t i = 0; i < done; ++i) ++taken[block.first - i - kLowestId];
        cursor = done == block.size ? block.next : block.first - done;
      }
      ASSERT_EQ(cursor, kWalkEnd);
    }
    ASSERT_THAT(taken, testing::Each(1))
        << ids << " ids, blocks of " << count << ", " << shards << " shards";
  }
}

TEST(WalkPassTest, IsTheLogicalMinuteOrALaterOne) {
  const Instant now = *ParseInstant("2026-11-22T22:34:56Z");
  const Instant earlier = now - std::chrono::hours(1);
  EXPECT_EQ(NextPass(earlier, now, ""), "2026-11-22T21:34Z");
  EXPECT_EQ(NextPass(earlier, now, "2026-11-22T21:33Z"), "2026-11-22T21:34Z");
  EXPECT_EQ(NextPass(earlier, now, "2026-11-22T21:34Z"), "2026-11-22T22:34Z")
      << "the minute of the clock";
  EXPECT_EQ(NextPass(now, now, "2026-11-22T22:34Z"), "2026-11-22T22:35Z")
      << "that minute is taken already";
  EXPECT_EQ(NextPass(now + std::chrono::hours(24), now, ""), "2026-11-23T22:34Z");
  EXPECT_EQ(NextPass(now + std::chrono::hours(25), now, ""), "2026-11-22T22:34Z") << "I6";
  EXPECT_EQ(NextPass(earlier, now, "2026-11-23T22:33Z"), "2026-11-23T22:34Z");
  EXPECT_EQ(NextPass(earlier, now, "2026-11-23T22:34Z"), std::nullopt);
  EXPECT_EQ(NextPass(now, now, MonthOf(now)), "2026-11-22T22:34Z");
  EXPECT_EQ(NextPass(*ParseInstant("2026-10-31T23:59Z"), now, MonthOf(now)), "2026-11-22T22:34Z");
}

TEST(WalkPassTest, SortsBetweenTheMonths) {
  const std::string month = MonthOf(*ParseInstant("2026-11-01T00:00:00Z"));
  EXPECT_LT("2026-10-31T23:59Z", month);
  EXPECT_GT("2026-11-01T00:00Z", month);
}

TEST(FailureCountsTest, AnIdIsPassedInTheFifthRunAnHourAfterTheFirst) {
  const Instant start = *ParseInstant("2026-11-22T22:34:00Z");
  std::map<std::string, std::string> fields;
  const auto count = [&](Instant now) {
    auto counts = *FailureCounts::Parse(fields, now);
    const bool passes = counts.Count(kLowestId);
    for (const auto& field : counts.Changes()) fields[field.name] = *field.wanted;
    return passes;
  };
  for (int run = 0; run < 4; ++run) EXPECT_FALSE(count(start + std::chrono::hours(run)));
  EXPECT_EQ(fields.begin()->second, "4/2026-11-22T22:34:00Z");
  EXPECT_TRUE(count(start + std::chrono::hours(1)));
  fields.clear();
  for (int run = 0; run < 30; ++run) EXPECT_FALSE(count(start + std::chrono::minutes(run)));
  EXPECT_FALSE(count(start + std::chrono::minutes(59)));
  EXPECT_TRUE(count(start + std::chrono::minutes(60)));
  // The clock was ahead for a while, so the hour starts again.
  EXPECT_FALSE(count(start - std::chrono::hours(24)));
  EXPECT_TRUE(count(start - std::chrono::hours(23)));
}

TEST(FailureCountsTest, GarbageIsShown) {
  for (const auto& [field, text] :
       std::map<std::string, std::string>{{"x", "1/2026-11-22T22:34:00Z"},
                                          {"1", "1"},
                                          {"2", "/2026-11-22"},
                                          {"3", "1/"},
                                          {"4", ""}}) {
    const auto counts = FailureCounts::Parse({{field, text}}, Now());
    ASSERT_FALSE(counts) << field;
    EXPECT_THAT(counts.error(), testing::HasSubstr("'" + text + "'"));
  }
}

TEST(ItemIdsTest, NumberAListInItsOrderEachIdOnce) {
  const ItemIds ids({kLowestId + 5, kLowestId, kLowestId + 5, kHighestId});
  EXPECT_EQ(ids.size(), 3U);
  EXPECT_EQ(ids.Id(2), kHighestId);
  EXPECT_EQ(ids.Item(kLowestId), 1U);
  EXPECT_EQ(ids.Item(kLowestId + 1), std::nullopt);
  EXPECT_EQ(ItemIds(std::vector<std::uint64_t>()).Item(kLowestId), std::nullopt);
}

TEST(ListedIdsTest, AreReadALineAtATime) {
  const test::ScopedFolder folder;
  const TestRun run;
  WalkOptions options;
  EXPECT_FALSE(options.ReadIds(run.stop()));
  options.ids = folder.File("ids");
  EXPECT_EQ(CodeOf([&] { options.ReadIds(run.stop()); }), ExitCode::kUsage)
      << "the file does not exist";
  std::ofstream(options.ids) << kLowestId << "\n" << kHighestId;
  EXPECT_THAT(options.ReadIds(run.stop()).value(), testing::ElementsAre(kLowestId, kHighestId));
  for (const char* line : {"", " ", "x", "-1", "76561197960265728", "76561202255233024", "7.6e16",
                           " 76561197960265729", "76561197960265729\r", "0x1"}) {
    std::ofstream(options.ids) << kLowestId << "\n" << line << "\n" << kLowestId << "\n";
    std::string message;
    EXPECT_EQ(CodeOf([&] { options.ReadIds(run.stop()); }, &message), ExitCode::kData) << line;
    EXPECT_THAT(message, testing::HasSubstr("line 2"));
  }
}

TEST(WalkFlagsTest, RefuseWhatIsNoShardCountOrId) {
  const auto parse = [](const std::vector<std::string>& words) {
    WalkOptions options = Options(kLowestId + 999, 100);
    const Flags flags(
        "walk", "about", "example", [] { return std::string(); }, "version");
    options.AddTo(flags);
    std::vector<const char*> line{"walk"};
    for (const std::string& word : words) line.push_back(word.c_str());
    try {
      return flags.Parse(static_cast<int>(line.size()), line.data());
    } catch (const TaskError&) {
      return false;
    }
  };
  for (const char* shard : {"0/1", "0/2", "1/2", "9999/10000"}) {
    EXPECT_TRUE(parse({"--shard", shard})) << shard;
  }
  for (const char* shard : {"", "/", "1", "1/", "/2", "2/2", "0/0", "-1/2", "1/2/3", "a/b", "0x1/2",
                            "1 /2", "0/10001", "00000000000000000000/1 "}) {
    EXPECT_FALSE(parse({"--shard", shard})) << shard;
  }
  EXPECT_TRUE(parse({"--start-id", "76561197960265729"}));
  EXPECT_FALSE(parse({"--start-id", "76561197960265728"}));
  EXPECT_TRUE(parse({"--start-id", "76561202255233023"}));
  EXPECT_FALSE(parse({"--start-id", "76561202255233024"}));
  EXPECT_FALSE(parse({"--start-id", "7.6561197960265729e16"}));
  for (const char* count : {"0", "-1", "4294967297", "1.5", "x", ""}) {
    EXPECT_FALSE(parse({"--count", count})) << count;
  }
  EXPECT_TRUE(parse({"--count", "4294967296"}));
  EXPECT_FALSE(parse({"--no-cursor", "--wrap"}));
  EXPECT_FALSE(parse({"--no-cursor", "--shard", "0/2"}));
  for (const auto& other :
       std::vector<std::vector<std::string>>{{"--wrap"},
                                             {"--no-cursor"},
                                             {"--shard", "0/2"},
                                             {"--count", "5"},
                                             {"--start-id", "76561197960265729"}}) {
    std::vector<std::string> words{"--ids", "-"};
    words.insert(words.end(), other.begin(), other.end());
    EXPECT_FALSE(parse(words)) << other[0];
  }
  EXPECT_TRUE(parse({"--ids", "-"}));
}

TEST(WalkTest, AFixedBlockNeedsNoRedis) {
  TestRun test;
  test.identity.logical_date = *ParseInstant("2026-11-22T22:34:56Z");
  WalkOptions options = Options(kLowestId + 999, 100);
  options.no_cursor = true;
  Walk walk(options, std::nullopt, "players", test.run(), nullptr, false, Now());
  EXPECT_EQ(walk.EventId(99), "players/2026-11-22T22:34Z/76561197960266629");
  EXPECT_EQ(walk.ids().Id(0), kLowestId + 999);
  EXPECT_EQ(walk.ids().Id(99), kLowestId + 900);
  EXPECT_EQ(walk.ids().Item(kLowestId + 900), 99U);
  EXPECT_EQ(walk.ids().Item(kLowestId + 899), std::nullopt);
  EXPECT_EQ(walk.ids().Item(kLowestId + 1000), std::nullopt);
  EXPECT_FALSE(walk.failures().are_kept());
  EXPECT_FALSE(walk.failures().Count(kLowestId + 999));
  walk.Advance(100);
  EXPECT_TRUE(test.result.cursors.empty());
}

TEST(WalkTest, AFixedBlockEndsAtTheLowestId) {
  TestRun test;
  WalkOptions options = Options(kLowestId, 100);
  options.no_cursor = true;
  const Walk walk(options, std::nullopt, "players", test.run(), nullptr, false, Now());
  EXPECT_EQ(walk.ids().size(), 1U);
}

TEST(WalkTest, ListedIdsHaveTheEventIdsOfAFixedBlock) {
  TestRun test;
  test.identity.logical_date = *ParseInstant("2026-11-22T22:34:56Z");
  WalkOptions options = Options(kLowestId + 999, 100);
  options.ids = "-";
  const Walk walk(options, std::vector<std::uint64_t>{kLowestId + 7, kLowestId}, "players",
                  test.run(), nullptr, false, Now());
  EXPECT_EQ(walk.ids().size(), 2U);
  EXPECT_EQ(walk.EventId(0), "players/2026-11-22T22:34Z/76561197960265736");
}

TEST(WalkTest, WitnessesAreAccountsElsewhere) {
  TestRun test;
  WalkOptions options = Options(kHighestId, 100);
  options.no_cursor = true;
  const Walk walk(options, std::nullopt, "players", test.run(), nullptr, false, Now());
  for (std::uint64_t number = 0; number < 50; ++number) {
    const std::uint64_t id = walk.WitnessId(number);
    EXPECT_GE(id, kLowestId);
    EXPECT_LE(id, kHighestId);
    EXPECT_EQ(walk.ids().Item(id), std::nullopt);
  }
}

}  // namespace
}  // namespace steamflow
