#include "walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "flags.h"
#include "steam_urls.h"
#include "test_run.h"

namespace steamflow {
namespace {

using steam_api::kHighestId;
using steam_api::kLowestId;
using test::CodeOf;
using test::TestRun;

WalkOptions Options(std::uint64_t start, std::uint64_t count) {
  return {.cursor_key = "last_steam_id", .start_id = start, .count = count};
}

TEST(BlockAtTest, TakesCountIdsDownward) {
  const Block block = BlockAt(Options(kLowestId + 999, 100), {}, kLowestId + 499);
  EXPECT_EQ(block.first, kLowestId + 499);
  EXPECT_EQ(block.size, 100U);
  EXPECT_EQ(block.next, kLowestId + 399);
}

TEST(BlockAtTest, TheLastBlockTakesWhatIsLeft) {
  const WalkOptions options = Options(kLowestId + 999, 100);
  EXPECT_EQ(BlockAt(options, {}, kLowestId + 99).next, kLowestId - 1);
  Block block = BlockAt(options, {}, kLowestId + 98);
  EXPECT_EQ(block.size, 99U);
  EXPECT_EQ(block.next, kLowestId - 1);
  block = BlockAt(options, {}, kLowestId);
  EXPECT_EQ(block.size, 1U);
  EXPECT_EQ(block.next, kLowestId - 1);
  block = BlockAt(options, {}, kLowestId - 1);
  EXPECT_EQ(block.size, 0U) << "the end of the walk";
}

TEST(BlockAtTest, HoldsAtBothEndsOfTheIdRange) {
  const Block all = BlockAt(Options(kHighestId, std::uint64_t{1} << 32U), {}, kHighestId);
  EXPECT_EQ(all.size, kHighestId - kLowestId + 1);
  EXPECT_EQ(all.next, kLowestId - 1);
  EXPECT_EQ(kLowestId, 76561197960265729U);
  EXPECT_EQ(kHighestId, 76561197960265728U + 0xFFFFFFFFU);
}

TEST(BlockAtTest, AShardRefusesACursorOfAnotherGrid) {
  const WalkOptions options = Options(kLowestId + 999, 100);
  const Shard shard{1, 3, true};
  EXPECT_EQ(BlockAt(options, shard, kLowestId + 899).size, 100U);
  EXPECT_EQ(CodeOf([&] { BlockAt(options, shard, kLowestId + 999); }), ExitCode::kData);
  EXPECT_EQ(CodeOf([&] { BlockAt(options, shard, kLowestId + 799); }), ExitCode::kData);
  EXPECT_EQ(CodeOf([&] { BlockAt(options, shard, kLowestId + 1000); }), ExitCode::kData)
      << "above the first id";
  EXPECT_EQ(BlockAt(options, shard, kLowestId - 1).size, 0U) << "the end is the end of all shards";
}

// The first id of a shard, as a walk without a cursor has it.
std::uint64_t FirstOf(const WalkOptions& options, std::uint64_t shard) {
  const std::uint64_t room = options.start_id - (kLowestId - 1);
  return options.start_id - std::min(shard * options.count, room);
}

// Whatever the numbers, and wherever in its blocks a run ends early, the shards of a pass take
// every id once.
TEST(BlockAtTest, TheShardsOfAPassTakeEveryIdOnce) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 400; ++round) {
    const std::uint64_t ids = 1 + random() % 3'000;
    const WalkOptions options = Options(kLowestId - 1 + ids, 1 + random() % 300);
    const std::uint64_t shards = 1 + random() % 12;
    std::vector<int> taken(ids);
    for (std::uint64_t index = 0; index < shards; ++index) {
      const Shard shard{index, shards, shards > 1};
      std::uint64_t cursor = FirstOf(options, index);
      for (;;) {
        const Block block = BlockAt(options, shard, cursor);
        if (block.size == 0) break;
        ASSERT_EQ(block.first, cursor);
        ASSERT_LE(block.size, options.count);
        ASSERT_LE(block.next, block.first - block.size);
        // A run is stopped after some of its ids, or comes to the end of its block.
        const std::uint64_t done = random() % 3 == 0 ? random() % block.size : block.size;
        for (std::uint64_t i = 0; i < done; ++i) ++taken[block.first - i - kLowestId];
        cursor = done == block.size ? block.next : block.first - done;
      }
      ASSERT_EQ(cursor, kLowestId - 1);
    }
    ASSERT_THAT(taken, testing::Each(1))
        << ids << " ids, blocks of " << options.count << ", " << shards << " shards";
  }
}

TEST(WalkFlagsTest, RefuseWhatIsNoShardCountOrId) {
  const auto parse = [](const std::vector<std::string>& words) {
    WalkOptions options = Options(kLowestId + 999, 100);
    const Flags flags("walk", "about", "footer", "version");
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
}

TEST(WalkTest, AFixedBlockNeedsNoRedis) {
  TestRun test;
  test.identity.logical_date = *ParseInstant("2026-11-22T22:34:56Z");
  WalkOptions options = Options(kLowestId + 999, 100);
  options.no_cursor = true;
  Walk walk(options, test.run(), nullptr, false);
  EXPECT_EQ(walk.pass(), "2026-11-22T22:34Z");
  EXPECT_EQ(walk.Id(0), kLowestId + 999);
  EXPECT_EQ(walk.Id(99), kLowestId + 900);
  EXPECT_EQ(walk.Item(kLowestId + 900), 99U);
  EXPECT_TRUE(walk.Contains(kLowestId + 900));
  EXPECT_FALSE(walk.Contains(kLowestId + 899));
  EXPECT_FALSE(walk.Contains(kLowestId + 1000));
  walk.Advance(100);
  EXPECT_TRUE(test.result.cursors.empty());
  EXPECT_EQ(walk.CountFailure(kLowestId + 999), 0);
}

TEST(WalkTest, AFixedBlockEndsAtTheLowestId) {
  TestRun test;
  WalkOptions options = Options(kLowestId, 100);
  options.no_cursor = true;
  const Walk walk(options, test.run(), nullptr, false);
  EXPECT_EQ(walk.block().size, 1U);
}

}  // namespace
}  // namespace steamflow
